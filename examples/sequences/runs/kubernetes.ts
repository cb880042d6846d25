import { setTimeout as sleep } from 'node:timers/promises'
import { stopLikeKubernetes } from '../../../src/testing/index.ts'
import { now, until } from '../clock.ts'
import { Crowd } from '../crowd.ts'
import { Diary } from '../diary.ts'
import { SHOP } from '../docker-engine.ts'
import type { Happening, Lane, Sequence, Span } from '../sequence.ts'
import { merge, type Story, storyOfClients, storyOfShop } from '../story.ts'

/** How long after the beginning of the stop new connections still come, as where the endpoints are slow to go. */
const STILL_SENDING = 2500

const SLOW = 1200

interface Place {
  readonly id: string
  readonly group?: string
  readonly env: Readonly<Record<string, string>>
  readonly preStop?: { readonly sleep: '5s' }
}

/** The end of a pod without a preStop hook: the library waits, and something that closes at once. */
export async function recordKubernetes(): Promise<Sequence> {
  return record('The end of a pod: lastcall beside server.close()', [
    { id: 'lastcall', group: 'with lastcall', env: {} },
    { id: 'plain', group: 'with server.close() alone', env: { PLAIN: '1' } },
  ])
}

/** The end of a pod whose preStop hook waits in place of the library. */
export async function recordPreStop(): Promise<Sequence> {
  return record('The end of a pod with a preStop hook that sleeps for 5 s, and no lame duck', [
    { id: 'lastcall', env: { LAME_DUCK: '0s' }, preStop: { sleep: '5s' } },
  ])
}

/**
 * The end of a pod, without Kubernetes: `stopLikeKubernetes()` does what the kubelet does to the
 * container, and clients with a connection for each request go on for a while, as those behind a
 * proxy that doesn't know of the end yet.
 */
async function record(title: string, places: readonly Place[]): Promise<Sequence> {
  const stories: Story[] = []
  const lanes: Lane[] = [
    { id: 'kubelet', name: 'kubelet', isStandIn: true },
    { id: 'endpoints', name: 'endpoints and kube-proxy', isStandIn: true },
  ]
  for (const { id, group, env, preStop } of places) {
    const side = group === undefined ? {} : { group }
    const diary = new Diary()
    let crowd: Crowd | undefined
    let left: Promise<void> | undefined
    let zero = 0
    const stopped = await stopLikeKubernetes([process.execPath, SHOP], {
      ready: /ready/,
      env: { EVENTS: diary.file, ...env },
      ...(preStop ? { preStop } : {}),
      async onReady() {
        const { port = 0 } = await until('the shop listens', () => diary.find('listening'))
        const fresh = new Crowd({ port, newConnections: true })
        crowd = fresh
        await sleep(2000)
        fresh.askSlowly(SLOW)
        await sleep(200)
        zero = now()
        left = sleep(STILL_SENDING).then(() => fresh.leave())
      },
    })
    await left
    const ended = diary.find('exit')?.at ?? zero + stopped.elapsed
    const from = zero - 300
    const clients = `${id}-clients`
    lanes.push({ id, name: 'shop', ...side }, { id: clients, name: 'its clients', ...side })
    const isFirst = id === 'lastcall'
    const heard = diary.find('start')?.at ?? zero
    const events: Happening[] = [
      ...(preStop
        ? [{ at: zero + 0.1, lane: 'kubelet', label: 'The preStop hook begins to sleep, for 5 s' }]
        : []),
      { at: heard - 0.2, lane: 'kubelet', to: id, label: 'SIGTERM' },
      {
        at: ended,
        lane: id,
        to: 'kubelet',
        label: `Gone: exit code ${stopped.code}`,
        tone: stopped.code === 0 ? 'good' : 'bad',
      },
    ]
    stories.push(
      merge(zero, [
        storyOfShop(id, diary.entries(), { from, ended }),
        storyOfClients(clients, id, crowd?.requests ?? [], { since: from }),
        { spans: [], events },
        ...(isFirst ? [storyOfCluster(zero, from, ended)] : []),
      ]),
    )
    diary.remove()
  }
  return {
    title,
    about: `Recorded without Kubernetes: stopLikeKubernetes() took the part of the kubelet, and 8 clients with a connection for each request that of a proxy that hears of the end after ${STILL_SENDING / 1000} s. Node ${process.versions.node}, a prober every 250 ms, and one request that takes ${SLOW / 1000} s.`,
    lanes,
    spans: stories.flatMap(({ spans }) => spans),
    events: stories.flatMap(({ events }) => events).sort((one, other) => one.at - other.at),
  }
}

function storyOfCluster(zero: number, from: number, ended: number): Story {
  const spans: Span[] = [
    { lane: 'kubelet', from: zero, to: ended, state: 'idle', label: 'waits 30 s at most' },
    { lane: 'endpoints', from, to: zero, state: 'up', label: 'sends new connections' },
    {
      lane: 'endpoints',
      from: zero,
      to: zero + STILL_SENDING,
      state: 'leaving',
      label: 'has not heard, sends on',
    },
  ]
  const events: Happening[] = [
    {
      at: zero,
      lane: 'endpoints',
      label:
        'while the kubelet begins the end of the pod, the control plane makes its endpoint not ready; every proxy hears of that later',
      isRead: true,
    },
    {
      at: zero + STILL_SENDING,
      lane: 'endpoints',
      label: 'From here on it sends nobody new',
    },
  ]
  return { spans, events }
}
