import { until } from '../clock.ts'
import { Crowd } from '../crowd.ts'
import { Diary } from '../diary.ts'
import { type EngineEvent, watchEngine, withEngine } from '../docker-engine.ts'
import type { Happening, Lane, Sequence, Span } from '../sequence.ts'
import { merge, type Story, storyOfClients, storyOfShop } from '../story.ts'

const SLOW = 1200

/** `docker stop` of a container in the exec form, and of one in the shell form. */
export async function recordDocker(): Promise<Sequence> {
  return withEngine(async ({ client, version }) => {
    const stories: Story[] = []
    const lanes: Lane[] = []
    for (const form of ['exec', 'shell'] as const) {
      const diary = new Diary()
      const watched = await watchEngine(client)
      const id = await client.run(
        ...['run', '--detach', '--network', 'host', '--env', 'EVENTS=/diary/events'],
        ...['--volume', `${diary.folder}:/diary`, `lastcall-sequences-${form}`],
      )
      const { port = 0 } = await until('the shop listens', () => diary.find('listening'))
      const crowd = new Crowd({ port })
      await new Promise((resolve) => setTimeout(resolve, 2000))
      crowd.askSlowly(SLOW)
      await new Promise((resolve) => setTimeout(resolve, 200))
      await client.run('stop', id)
      await crowd.leave()
      const died = await until('its end is reported', () => find(watched.events, 'die'))
      watched.stop()
      await client.run('rm', id)

      const group = `${form} form`
      const [docker, pid1, shop, clients] = [
        `docker-${form}`,
        `pid1-${form}`,
        `shop-${form}`,
        `clients-${form}`,
      ]
      const isExec = form === 'exec'
      lanes.push(
        { id: docker, name: 'Docker', group },
        ...(isExec ? [] : [{ id: pid1, name: 'dash (PID 1)', group }]),
        { id: shop, name: isExec ? 'node (PID 1)' : 'node', group },
        { id: clients, name: 'clients', group },
      )
      const heard = isExec ? shop : pid1
      const zero = watched.events.find(({ signal }) => signal === '15')?.at ?? died.at
      const from = zero - 300
      stories.push(
        merge(zero, [
          storyOfShop(shop, diary.entries(), { from, ended: died.at }),
          storyOfClients(clients, shop, crowd.requests, { since: from }),
          storyOfDocker(watched.events, { docker, heard, shop, zero, from, isExec }),
        ]),
      )
      diary.remove()
    }
    return {
      title: 'docker stop: the exec form beside the shell form',
      about: `Recorded with Docker ${version} and Node ${process.versions.node}, each form under the same load: 8 clients on keep-alive connections, a prober that asks for /readyz every 250 ms, and one request that takes ${SLOW / 1000} s.`,
      lanes,
      spans: stories.flatMap(({ spans }) => spans),
      events: stories.flatMap(({ events }) => events).sort((one, other) => one.at - other.at),
    }
  })
}

function storyOfDocker(
  reported: readonly EngineEvent[],
  where: {
    docker: string
    heard: string
    shop: string
    zero: number
    from: number
    isExec: boolean
  },
): Story {
  const { docker, heard, shop, zero, from, isExec } = where
  const died = find(reported, 'die')
  const term = reported.find(({ signal }) => signal === '15')
  const kill = reported.find(({ signal }) => signal === '9')
  const events: Happening[] = []
  if (term) {
    const label = isExec
      ? 'docker stop: SIGTERM'
      : 'docker stop: SIGTERM. dash has no handler, and at PID 1 the kernel drops it'
    events.push({
      at: term.at,
      lane: docker,
      to: heard,
      label,
      ...(isExec ? {} : { tone: 'warn' as const }),
    })
  }
  if (kill) {
    events.push({ at: kill.at, lane: docker, to: heard, label: 'SIGKILL, to all', tone: 'bad' })
  }
  const ended = died?.at ?? from
  const isFine = died?.code === '0'
  events.push({
    at: ended,
    lane: isFine ? shop : heard,
    to: docker,
    label: `The container is gone: exit code ${died?.code}`,
    tone: isFine ? 'good' : 'bad',
  })
  const spans: Span[] = [{ lane: docker, from: zero, to: ended, state: 'idle', label: 'waits' }]
  if (!isExec) {
    spans.push({ lane: heard, from, to: ended, state: 'bad', label: 'passes nothing on' })
  }
  return { spans, events }
}

function find(events: readonly EngineEvent[], action: string): EngineEvent | undefined {
  return events.find((event) => event.action === action)
}
