import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DockerfileParser } from 'dockerfile-ast'
import { stopLikeDocker, stopLikeKubernetes, stopLikePm2, stopLikeSystemd } from 'lastcall/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { disagreements, type Own } from './deployment/agreement.ts'
import { changed, readExample } from './deployment/folder.ts'
import { ORDERS, Shop, type Stop } from './deployment/shop.ts'
import { readStops } from './deployment/stops.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const texts = readExample()
const stops = await readStops(texts)
const dockerfile = DockerfileParser.parse(texts.Dockerfile ?? '')

let shop: Shop
// It is compiled for it, which takes its time.
beforeAll(() => {
  shop = new Shop(texts)
}, 60_000)
afterAll(() => shop?.remove())

describe.concurrent('the service, stopped with the times and the surroundings of each file', () => {
  test('Compose', async () => {
    const { granted, env } = stops.Compose
    const stop = await shop.stop(env, (command, options) =>
      stopLikeDocker(command, { ...options, grace: granted }),
    )
    expectWhole(stop)
    expect(stop.waited).toBeUndefined()
  })

  test('Kubernetes: it waits once, in preStop, and then leaves at once', async () => {
    const { granted, before, env } = stops.Kubernetes
    const stop = await shop.stop(env, (command, options) =>
      stopLikeKubernetes(command, {
        ...options,
        grace: granted + before,
        preStop: { sleep: before },
      }),
    )
    expectWhole(stop)
    expect(stop.stopped.elapsed).toBeGreaterThanOrEqual(before)
    expect(stop.waited).toBeUndefined()
  })

  test('Kubernetes, without preStop and what belongs to it: the library waits as long', async () => {
    const { granted, before, env } = stops.Kubernetes
    const { LAME_DUCK: off, ...others } = env
    expect(off).toBe('0s')
    const stop = await shop.stop(others, (command, options) =>
      stopLikeKubernetes(command, { ...options, grace: granted + before }),
    )
    expectWhole(stop)
    expect(stop.unbind.duration).toBeGreaterThanOrEqual(before)
    expect(stop.waited).toMatch(/^lame duck of 5.*: the minimum$/)
  })

  test('systemd', async () => {
    const { granted, env } = stops.systemd
    const stop = await shop.stop(env, (command, options) =>
      stopLikeSystemd(command, { ...options, grace: granted }),
    )
    expectWhole(stop)
    expect(stop.waited).toBeUndefined()
  })

  test('PM2', async () => {
    const { granted, env } = stops.PM2
    const stop = await shop.stop(env, (command, options) =>
      stopLikePm2(command, { ...options, grace: granted }),
    )
    expectWhole(stop)
    expect(stop.start.reason).toBe('SIGINT')
    expect(stop.waited).toBeUndefined()
  })

  // A signal, a time, SIGKILL: it is docker stop that Nomad has do it, after its delay.
  test('Nomad', async () => {
    const { granted, env } = stops.Nomad
    const stop = await shop.stop(env, (command, options) =>
      stopLikeDocker(command, { ...options, grace: granted }),
    )
    expectWhole(stop)
    expect(stop.waited).toBeUndefined()
  })
})

describe('the files and the program', () => {
  let own: Own
  beforeAll(async () => {
    const { start, unbind, health } = await shop.stop({}, stopLikeDocker)
    const at = (status: string) => health.find((one) => one.code === 200 && one.status === status)
    own = {
      grace: start.grace ?? Number.NaN,
      lameDuck: Math.min(10_000, (unbind.limit ?? Number.NaN) / 2),
      tellings: 3,
      readyz: at('ready')?.path ?? '',
      livez: at('alive')?.path ?? '',
      command: dockerfile.getCMDs()[0]?.getJSONStrings().map(unquoted) ?? [],
      port: Number(
        dockerfile
          .getInstructions()
          .find((one) => one.getKeyword() === 'EXPOSE')
          ?.getArgumentsContent(),
      ),
    }
  })

  test('agree', () => {
    expect(disagreements(stops, own)).toEqual([])
  })

  // Each number that is compared, changed.
  test.each([
    [
      'compose.yaml',
      'stop_grace_period: 30s',
      'stop_grace_period: 24s',
      'Compose: it grants 24000',
    ],
    ['compose.yaml', '    stop_grace_period: 30s\n', '', 'Compose: it grants 10000 ms'],
    ['compose.yaml', 'interval: 5s', 'interval: 2s', 'Compose: it asks every 2000 ms'],
    ['compose.yaml', '/readyz', '/health', 'Compose: readiness is asked for at /health'],
    ['compose.yaml', 'shop:1.0.0', 'shop:1.0.1', 'the images are shop:1.0.1 and shop:1.0.0'],
    ['kubernetes.yaml', 'PeriodSeconds: 35', 'PeriodSeconds: 29', 'Kubernetes: it grants 24000 ms'],
    ['kubernetes.yaml', 'seconds: 5', 'seconds: 11', 'Kubernetes: it grants 24000 ms'],
    ['kubernetes.yaml', 'seconds: 5', 'seconds: 4', 'Kubernetes: neither waits long enough'],
    ['kubernetes.yaml', 'value: 0s', 'value: 5s', 'Kubernetes: both wait'],
    [
      'kubernetes.yaml',
      'periodSeconds: 3',
      'periodSeconds: 5',
      'Kubernetes: readiness is believed',
    ],
    ['kubernetes.yaml', 'Threshold: 2', 'Threshold: 3', 'Kubernetes: readiness is believed'],
    ['kubernetes.yaml', 'path: /livez', 'path: /readyz', 'Kubernetes: liveness is asked for'],
    [
      'kubernetes.yaml',
      'containerPort: 3000',
      'containerPort: 80',
      'Kubernetes: it asks at port 80',
    ],
    ['shop.service', 'TimeoutStopSec=30', 'TimeoutStopSec=24', 'systemd: it grants 24000 ms'],
    ['shop.service', 'dist/server.js', 'server.js', 'systemd: it starts /usr/bin/node server.js'],
    [
      'ecosystem.config.cjs',
      'kill_timeout: 30_000',
      'kill_timeout: 24_999',
      'PM2: it grants 24999',
    ],
    ['ecosystem.config.cjs', 'kill_timeout:', 'timeout:', 'PM2: it grants 1600 ms'],
    ['ecosystem.config.cjs', "PORT: '3000'", "PORT: '3001'", 'PM2: it asks at port 3001'],
    ['shop.nomad.hcl', 'kill_timeout = "30s"', 'kill_timeout = "24s"', 'Nomad: it grants 24000 ms'],
    ['shop.nomad.hcl', 'kill_timeout = "30s"', 'kill_timeout = "31s"', 'Nomad: 31000 ms is more'],
    ['shop.nomad.hcl', 'shutdown_delay = "5s"', '', 'Nomad: neither waits long enough'],
    ['shop.nomad.hcl', 'LAME_DUCK = "0s"', 'NODE_ENV = "production"', 'Nomad: both wait'],
    ['shop.nomad.hcl', '"/readyz"', '"/livez"', 'Nomad: readiness is asked for at /livez'],
  ])('%s: %s, with %s', async (file, from, to, what) => {
    const found = disagreements(await readStops(changed(texts, file, from, to)), own)
    expect(found).toEqual([expect.stringContaining(what)])
  })

  test('agree also where preStop and what belongs to it are taken out', () => {
    const { granted, before } = stops.Kubernetes
    const Kubernetes = { ...stops.Kubernetes, granted: granted + before, before: 0, env: {} }
    expect(disagreements({ ...stops, Kubernetes }, own)).toEqual([])
  })

  test('server.ts: a longer grace is more than any of them grants', () => {
    const found = disagreements(stops, { ...own, grace: 31_000 })
    expect(found.map((one) => one.split(':')[0])).toEqual(Object.keys(stops))
  })
})

describe('what else makes a stop go wrong', () => {
  test('lastcall doctor finds nothing, and reads all but the job of Nomad', () => {
    const [cli, folder] = ['dist/cli/cli.cjs', 'examples/deployment'].map((path) =>
      join(ROOT, path),
    )
    const doctor = [cli ?? '', 'doctor', '--strict', folder ?? '']
    expect(execFileSync(process.execPath, doctor, { encoding: 'utf8' })).toContain(
      'Dockerfile, Compose, Kubernetes, systemd, PM2, package.json.\n' +
        'createShutdown() in server.ts:11 has a grace of 25 s.\nno errors, no warnings.',
    )
  })

  test('Dockerfile: several stages, node is PID 1 and is not root, and a number says who it is', () => {
    const stages = dockerfile.getFROMs()
    expect(stages.length).toBeGreaterThan(1)
    expect(new Set(stages.map((stage) => stage.getImage())).size).toBe(1)
    const [command] = dockerfile.getCMDs()
    expect(command?.getJSONStrings().map(unquoted)).toEqual(['node', 'dist/server.js'])
    const last = dockerfile
      .getInstructions()
      .slice(dockerfile.getInstructions().findLastIndex((one) => one.getKeyword() === 'FROM'))
    const user = last.find((one) => one.getKeyword() === 'USER')?.getArgumentsContent()
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  })

  test('Kubernetes: a new pod is there before an old one goes', () => {
    const [deployment, service, budget] = parseAllDocuments(texts['kubernetes.yaml'] ?? '').map(
      (document) => document.toJS(),
    )
    expect(deployment.spec.strategy.rollingUpdate).toMatchObject({ maxUnavailable: 0 })
    const { labels } = deployment.spec.template.metadata
    expect(deployment.spec.selector.matchLabels).toEqual(labels)
    expect(service.spec.selector).toEqual(labels)
    expect(budget.spec.selector.matchLabels).toEqual(labels)
  })

  test('Compose and the Dockerfile: the context has all that is copied, and nothing else', () => {
    expect(parse(texts['compose.yaml'] ?? '').services.shop.build).toBe('.')
    const copied = dockerfile
      .getCOPYs()
      .filter((one) => !one.getFlags().some((flag) => flag.getName() === 'from'))
    const names = copied.flatMap((one) => one.getArguments().slice(0, -1).map(String))
    const kept = texts['.dockerignore']
      ?.split('\n')
      .flatMap((line) => /^!(.+)/.exec(line)?.[1] ?? [])
    expect(kept?.toSorted()).toEqual(names.toSorted())
  })
})

/** All that was confirmed is in the book, and the end was a clean one, in time. */
function expectWhole({ stopped, taken, written }: Stop): void {
  expect(stopped).toMatchObject({ code: 0, signal: null, killed: false, notes: [] })
  expect(new Set(taken).size).toBe(ORDERS)
  expect(written.toSorted()).toEqual(['', ...taken].toSorted())
}

function unquoted(argument: { getJSONValue(): string }): string {
  return argument.getJSONValue()
}
