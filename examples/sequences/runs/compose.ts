import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../clock.ts'
import { Crowd } from '../crowd.ts'
import { Diary } from '../diary.ts'
import { watchEngine, withEngine } from '../docker-engine.ts'
import { freePort } from '../free-port.ts'
import type { Happening, Sequence, Span } from '../sequence.ts'
import { merge, storyOfClients, storyOfShop } from '../story.ts'

/** Long enough to be under way when Compose has read its file and asks the engine. */
const SLOW = 3000

/** `docker-compose up -d` of a service whose configuration has changed. */
export async function recordCompose(): Promise<Sequence> {
  return withEngine(async ({ client, folder, version }) => {
    const diary = new Diary()
    const port = await freePort()
    const file = join(folder, 'compose.yaml')
    const write = (release: number) => writeFileSync(file, composeFile(diary, port, release))
    const env = { ...process.env, ...(client.host ? { DOCKER_HOST: client.host } : {}) }
    const compose = async (...args: string[]) => {
      const words = ['--project-name', 'sequences', '--file', file, ...args]
      const child = spawn('docker-compose', words, { env, stdio: ['ignore', 'ignore', 'pipe'] })
      let said = ''
      child.stderr.on('data', (chunk) => {
        said += chunk
      })
      const [code] = await once(child, 'close')
      if (code !== 0) throw new Error(`docker-compose ${args.join(' ')}: ${said}`)
    }
    write(1)
    await compose('up', '--detach')
    await until('the shop listens', () => diary.find('listening'))
    const watched = await watchEngine(client)
    const crowd = new Crowd({ port })
    await sleep(2000)
    write(2)
    const slow = sleep(700).then(() => crowd.askSlowly(SLOW))
    await compose('up', '--detach')
    await slow
    const fresh = await until(
      'the new shop listens',
      () => diary.entries().filter(({ type }) => type === 'listening')[1],
    )
    await sleep(400)
    await crowd.leave()
    watched.stop()
    await compose('down')

    const entries = diary.entries()
    const isFresh = ({ at }: { at: number }) => at >= fresh.at
    const ofOld = entries.filter((entry) => !isFresh(entry))
    const term = watched.events.find(({ signal }) => signal === '15')
    const zero = term?.at ?? Number.NaN
    const from = zero - 300
    const died = watched.events.find(({ action }) => action === 'die')
    const started = watched.events.find(({ action, at }) => action === 'start' && at > zero)
    const ended = died?.at ?? zero
    const to = Math.max(...crowd.requests.map((request) => request.ended))
    const events: Happening[] = [
      {
        at: zero,
        lane: 'compose',
        to: 'old',
        label: 'docker-compose up -d: SIGTERM to the old container',
      },
      {
        at: ended,
        lane: 'old',
        to: 'compose',
        label: `The old one is gone: exit code ${died?.code}`,
        tone: died?.code === '0' ? 'good' : 'bad',
      },
      {
        at: started?.at ?? to,
        lane: 'compose',
        to: 'new',
        label: 'Only now the new one is started',
      },
      { at: fresh.at, lane: 'new', label: 'It listens', tone: 'good' },
    ]
    const spans: Span[] = [
      {
        lane: 'compose',
        from: zero,
        to: ended,
        state: 'idle',
        label: 'waits for stop_grace_period at most',
      },
      { lane: 'new', from: fresh.at, to, state: 'up', label: 'serves' },
    ]
    diary.remove()
    return {
      title: 'docker-compose up -d of a changed service',
      about: `Recorded with docker-compose ${versionOfCompose()}, Docker ${version} and Node ${process.versions.node}; 8 clients on keep-alive connections who ask again when they are refused, a prober every 250 ms, and one request that takes ${SLOW / 1000} s.`,
      lanes: [
        { id: 'compose', name: 'Compose and Docker' },
        { id: 'old', name: 'the old shop (PID 1)' },
        { id: 'new', name: 'the new shop (PID 1)' },
        { id: 'clients', name: 'clients' },
      ],
      ...merge(zero, [
        storyOfShop('old', ofOld, { from, ended }),
        storyOfClients(
          'clients',
          (request) => (request.ended >= fresh.at ? 'new' : 'old'),
          crowd.requests,
          { since: from },
        ),
        { spans, events },
      ]),
    }
  })
}

function composeFile({ folder }: Diary, port: number, release: number): string {
  return JSON.stringify({
    version: '2.4',
    services: {
      shop: {
        image: 'lastcall-sequences-exec',
        network_mode: 'host',
        stop_grace_period: '10s',
        environment: { EVENTS: '/diary/events', PORT: String(port), RELEASE: String(release) },
        volumes: [`${folder}:/diary`],
      },
    },
  })
}

function versionOfCompose(): string {
  const said = execFileSync('docker-compose', ['version', '--short'], { encoding: 'utf8' })
  return said.trim()
}
