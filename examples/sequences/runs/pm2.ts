import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Crowd } from '../crowd.ts'
import { Diary, type Entry } from '../diary.ts'
import { SHOP } from '../docker-engine.ts'
import { freePort } from '../free-port.ts'
import type { Happening, Sequence, Span } from '../sequence.ts'
import { merge, storyOfClients, storyOfShop } from '../story.ts'

const FOLDER = fileURLToPath(new URL('../pm2/', import.meta.url))

/** `pm2 reload` of two instances in cluster mode. */
export async function recordPm2Reload(): Promise<Sequence> {
  const slow = 1000
  const settings = { exec_mode: 'cluster', instances: 2, wait_ready: true, kill_timeout: 5000 }
  return withPm2(settings, async ({ pm2, said, diary, port, version }) => {
    const crowd = await crowdAt(port, slow)
    await pm2('reload', 'shop')
    await sleep(300)
    await crowd.leave()

    const shops = byProcess(diary.entries())
    const zero = said.find(({ text }) => text.includes('starting'))?.at ?? Number.NaN
    const from = zero - 200
    const to = Math.max(...said.map(({ at }) => at), ...crowd.requests.map(({ ended }) => ended))
    const lanes = shops.map(({ lane, instance, isOld }) => ({
      id: lane,
      name: `shop ${instance}, the ${isOld ? 'old' : 'new'} one`,
    }))
    const events = said.flatMap(({ at, text }): Happening[] => {
      const find = (id: string | undefined, isOld: boolean) =>
        shops.find((shop) => shop.instance === id && shop.isOld === isOld)
      const [, starting] = /App \[shop:(\d+)\] starting/.exec(text) ?? []
      const [, stopping] = /Stopping app:shop id:_old_(\d+)/.exec(text) ?? []
      const [, gone, code] = /App \[shop:_old_(\d+)\] exited with code \[(\d+)\]/.exec(text) ?? []
      const [fresh, old, left] = [find(starting, false), find(stopping, true), find(gone, true)]
      return [
        ...(fresh ? [{ at, lane: 'pm2', to: fresh.lane, label: 'Starts a new one' }] : []),
        ...(old ? [{ at, lane: 'pm2', to: old.lane, label: 'SIGINT' }] : []),
        ...(left
          ? [
              {
                at,
                lane: left.lane,
                to: 'pm2',
                label: `Gone: exit code ${code}`,
                tone: 'good' as const,
              },
            ]
          : []),
      ]
    })
    const stories = shops.map(({ lane, isOld, entries }) => {
      const listening = entries.find(({ type }) => type === 'listening')?.at ?? from
      const ended = entries.find(({ type }) => type === 'exit')?.at ?? to
      const story = storyOfShop(lane, entries, {
        from: isOld ? from : listening,
        ended,
        isBrief: true,
      })
      const label = 'Listens, and says ready'
      const says = { at: listening, lane, to: 'pm2', label, tone: 'good' as const }
      return isOld ? story : { ...story, events: [says, ...story.events] }
    })
    const lanesOf = new Map(shops.map(({ pid, lane }) => [pid, lane]))
    const seen = storyOfClients(
      'clients',
      ({ by = 0 }) => lanesOf.get(by) ?? 'pm2',
      crowd.requests,
      { since: from },
    )
    return {
      title: 'pm2 reload in cluster mode, two instances',
      about: `Recorded with PM2 ${version} and Node ${process.versions.node}, kill_timeout 5 s, wait_ready; 8 clients on keep-alive connections, a prober every 250 ms, and one request that takes ${slow / 1000} s.`,
      lanes: [{ id: 'pm2', name: 'PM2' }, ...lanes, { id: 'clients', name: 'clients' }],
      ...merge(zero, [{ spans: [], events }, ...stories, seen]),
    }
  })
}

/** `pm2 stop` with nothing configured, and a request that takes longer than is granted. */
export async function recordPm2Stop(): Promise<Sequence> {
  const slow = 4000
  return withPm2({ exec_mode: 'fork' }, async ({ pm2, said, diary, port, version }) => {
    const crowd = await crowdAt(port, slow)
    await pm2('stop', 'shop')
    await crowd.leave()
    const zero = said.find(({ text }) => text.includes('Stopping app'))?.at ?? Number.NaN
    const from = zero - 200
    const gone = said.find(({ text }) => text.includes('exited with code'))
    const ended = gone?.at ?? zero
    const [, code] = /exited with code \[(\d+)\]/.exec(gone?.text ?? '') ?? []
    const events: Happening[] = [
      { at: zero, lane: 'pm2', to: 'shop', label: 'pm2 stop: SIGINT' },
      {
        at: ended,
        lane: 'shop',
        to: 'pm2',
        label: `Gone, before PM2 would kill it: exit code ${code}, something was cut off`,
        tone: 'warn',
      },
    ]
    const spans: Span[] = [
      { lane: 'pm2', from: zero, to: ended, state: 'idle', label: 'waits 1.6 s at most' },
    ]
    return {
      title: 'pm2 stop with the default kill_timeout of 1.6 s, and a request that takes 4 s',
      about: `Recorded with PM2 ${version} and Node ${process.versions.node}, fork mode, no kill_timeout; 8 clients on keep-alive connections, a prober every 250 ms, and one request that takes ${slow / 1000} s.`,
      lanes: [
        { id: 'pm2', name: 'PM2' },
        { id: 'shop', name: 'shop' },
        { id: 'clients', name: 'clients' },
      ],
      ...merge(zero, [
        storyOfShop('shop', diary.entries(), { from, ended }),
        storyOfClients('clients', 'shop', crowd.requests, { since: from }),
        { spans, events: events },
      ]),
    }
  })
}

async function crowdAt(port: number, slow: number): Promise<Crowd> {
  const crowd = new Crowd({ port })
  await sleep(2000)
  crowd.askSlowly(slow)
  await sleep(200)
  return crowd
}

/** The processes of the shop, the old ones before those that take their places. */
function byProcess(entries: readonly Entry[]) {
  const pids = [...new Set(entries.map(({ pid }) => pid))]
  const all = pids.map((pid) => {
    const own = entries.filter((entry) => entry.pid === pid)
    const isOld = own.some(({ type }) => type === 'start')
    const instance = own[0]?.instance ?? ''
    const lane = `shop-${instance}-${isOld ? 'old' : 'new'}`
    return { pid, lane, instance, isOld, entries: own }
  })
  return all.sort(
    (one, other) =>
      one.instance.localeCompare(other.instance) || Number(other.isOld) - Number(one.isOld),
  )
}

interface Bus {
  on(name: string, listen: (said: { at: number; data: string }) => void): void
  close(): void
}

interface Running {
  /** What the command of this name does. */
  pm2(command: 'reload' | 'stop', name: string): Promise<unknown>
  /** What its daemon has said, with its times. */
  readonly said: readonly { readonly at: number; readonly text: string }[]
  readonly diary: Diary
  readonly port: number
  readonly version: string
}

/** A daemon of PM2 of its own, in which the shop runs. */
async function withPm2<T>(settings: object, use: (running: Running) => Promise<T>): Promise<T> {
  if (!existsSync(join(FOLDER, 'node_modules/pm2'))) {
    execFileSync('npm', ['ci', '--prefix', FOLDER, '--silent', '--no-audit', '--no-fund'], {
      stdio: 'inherit',
    })
  }
  const diary = new Diary()
  const require = createRequire(FOLDER)
  const { custom: Api } = require('pm2')
  const api = new Api({ pm2_home: join(diary.folder, 'pm2') })
  const call = (name: string, ...args: unknown[]) => promisify(api[name].bind(api))(...args)
  await call('connect')
  const bus = (await call('launchBus')) as Bus
  try {
    const said: { at: number; text: string }[] = []
    // Its times are whole milliseconds, cut off: what it answers to was before their end.
    bus.on('log:PM2', ({ at, data }) => said.push({ at: at + 0.99, text: data }))
    const port = await freePort()
    const env = { PORT: String(port), EVENTS: diary.file }
    await call('start', { name: 'shop', script: SHOP, env, ...settings })
    said.length = 0
    const { version } = require('pm2/package.json')
    return await use({
      pm2: call,
      said,
      diary,
      port,
      version,
    })
  } finally {
    bus.close()
    await call('killDaemon')
    api.disconnect()
    diary.remove()
  }
}
