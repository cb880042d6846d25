import { createServer } from 'node:http'
import { describe, expect, test, vi } from 'vitest'
import { httpServerHooks } from '../../src/http/http-server.ts'
import type { HttpServerOptions } from '../../src/http/options.ts'
import { runHook } from '../support/hooks/run-hook.ts'
import { virtualShutdown } from '../support/hooks/virtual.ts'
import {
  account,
  connect,
  hookOf,
  listen,
  PollingClock,
  stoppedListening,
  until,
} from '../support/service.ts'

/** A server whose hooks and whose shutdown keep the time of a clock that the test moves. */
async function start(options: HttpServerOptions = {}) {
  const clock = new PollingClock()
  const seen: (string | undefined)[] = []
  /** Answers all but `/slow`. */
  const server = createServer(({ url }, response) => {
    seen.push(url)
    if (url !== '/slow') response.end('ok')
  })
  const hooks = httpServerHooks(server, { linger: '10m', ...options }, clock)
  const { shutdown } = virtualShutdown({ grace: '10s', exit: false, log: false }, { clock })
  const port = await listen(server)
  const client = await connect(port)
  const isSlow = async () => {
    client.ask('/slow')
    await until(() => seen.includes('/slow'))
  }
  return { client, clock, hooks, isSlow, port, server, shutdown }
}

describe('the phase unbind', () => {
  test('is over when no client can connect any more: so it is for the hooks of the drain', async () => {
    const { client, clock, hooks, port, server, shutdown } = await start({ lameDuck: '2s' })
    const listened: [string, boolean][] = []
    const look = (name: string) => void listened.push([name, server.listening])
    shutdown.add({ name: 'before', phase: 'deregister', run: () => look('before') })
    shutdown.add(hooks)
    shutdown.add({
      name: 'beside',
      phase: 'drain',
      run: async () => {
        look('beside')
        await expect(connect(port)).rejects.toThrow('ECONNREFUSED')
      },
    })
    const run = shutdown.now()
    await clock.advance(1999)
    expect(server.listening).toBe(true)
    expect(await client.get('/')).toMatchObject({ status: 200, saysClose: false })
    await clock.advance(1)
    await stoppedListening({ server })
    expect(await client.get('/')).toMatchObject({ status: 200, saysClose: true })

    const report = await run
    expect(listened).toEqual([
      ['before', true],
      ['beside', false],
    ])
    expect(hookOf(report, 'beside')).toMatchObject({ status: 'done' })
    expect(report.phases.map(({ name, hooks }) => [name, hooks.length])).toEqual([
      ['announce', 1],
      ['deregister', 1],
      ['unbind', 1],
      ['drain', 2],
    ])
  })

  test('waits for no request that is in flight', async () => {
    const { client, clock, hooks, isSlow, shutdown } = await start({ timeout: '2s' })
    await isSlow()
    shutdown.add(hooks)
    const run = shutdown.now()
    const unbound = new Promise((resolve) => {
      shutdown.on('hook:end', ({ hook }) => hook.name === 'http:unbind' && resolve(hook))
    })
    expect(await unbound).toMatchObject({ status: 'done', ended: 0, notes: [] })

    await clock.advance(2000)
    expect(hookOf(await run)).toMatchObject({ status: 'cut off', began: 0, ended: 2000 })
    await client.closed()
  })
})

describe('the timeout of a server', () => {
  test('counts the lame duck and the drain: what the one takes, the other has no more', async () => {
    const options = { lameDuck: 150, timeout: 200 }
    const { client, clock, hooks, isSlow, server, shutdown } = await start(options)
    await isSlow()
    shutdown.add(hooks)
    const [, , drain] = shutdown.plan().phases
    expect(drain?.hooks).toMatchObject([{ name: 'http', atMost: 200 }])
    const run = shutdown.now()
    await clock.advance(150)
    await stoppedListening({ server })
    await clock.advance(50)

    const report = await run
    expect(hookOf(report, 'http:unbind')).toMatchObject({ limit: 200, ended: 150 })
    expect(hookOf(report)).toMatchObject({ status: 'cut off', limit: 50, began: 150, ended: 200 })
    await client.closed()
  })

  test('counts no hook that runs between the two', async () => {
    const { clock, hooks, server, shutdown } = await start({ lameDuck: 150, timeout: 200 })
    shutdown.add(hooks)
    shutdown.add({ name: 'between', priority: 425, run: () => clock.sleep(500) })
    const run = shutdown.now()
    await clock.advance(150)
    await stoppedListening({ server })
    await clock.advance(550)

    expect(hookOf(await run)).toMatchObject({ limit: 50, began: 650 })
  })

  test('leaves the drain 1 ms where the lame duck took all of it, in a blocked loop', async () => {
    const { clock, hooks, server, shutdown } = await start({ lameDuck: 150, timeout: 200 })
    shutdown.add(hooks)
    const run = shutdown.now()
    await clock.advance(100)
    clock.block(150)
    await clock.advance(0)
    await stoppedListening({ server })
    await clock.advance(1)

    const report = await run
    expect(hookOf(report, 'http:unbind')).toMatchObject({ limit: 200, ended: 250 })
    expect(hookOf(report)).toMatchObject({ limit: 1, began: 250 })
  })

  test('counts all of it in a phase of its own', async () => {
    const options = { lameDuck: 150, timeout: 200, phase: 'stop' }
    const { client, clock, hooks, isSlow, server, shutdown } = await start(options)
    await isSlow()
    shutdown.add(hooks)
    shutdown.add({ name: 'beside', phase: 'drain', run: () => clock.sleep(1000) })
    const run = shutdown.now()
    await clock.advance(1150)
    await stoppedListening({ server })
    await clock.advance(50)

    expect(hookOf(await run)).toMatchObject({
      phase: 'stop',
      status: 'cut off',
      limit: 200,
      began: 1000,
      ended: 1200,
      notes: ['lame duck of 150 ms: the minimum', expect.stringMatching(/^cut off: GET \/slow/)],
    })
    await client.closed()
  })
})

describe('an end of listening that is cut off', () => {
  test('in the lame duck is made good by the drain', async () => {
    const { client, clock, hooks, port, server } = await start({ lameDuck: '5s' })
    const [, unbind, drain] = hooks
    if (!unbind || !drain) throw new Error('No hooks')
    const first = runHook(unbind, { clock })
    await clock.advance(100)
    first.abort()
    await first.over
    expect(first.notes).toEqual(['lame duck of 100 ms: cut off'])
    expect(server.listening).toBe(true)
    expect(await client.get('/')).toMatchObject({ status: 200, saysClose: false })

    const second = runHook(drain, { clock })
    await stoppedListening({ server })
    await expect(connect(port)).rejects.toThrow('ECONNREFUSED')
    expect(await client.get('/')).toMatchObject({ status: 200, saysClose: true })
    await second.over
    expect(second.notes).toEqual([account(1, 1, 0)])
    expect(Object.hasOwn(server, 'closeIdleConnections')).toBe(false)
  })

  test('while it waits for connections that are to be accepted is waited for by the drain', async () => {
    const { client, clock, hooks, server } = await start()
    const [, unbind, drain] = hooks
    if (!unbind || !drain) throw new Error('No hooks')
    const listeners = server.listeners('connection')
    const pausesNewSockets = () => Object(server).pauseOnConnect
    let goOn = () => {}
    vi.spyOn(clock, 'afterPoll').mockImplementationOnce((run) => {
      goOn = run
    })
    const first = runHook(unbind, { clock })
    await until(pausesNewSockets)
    first.abort()
    const second = runHook(drain, { clock })
    expect(server.listening).toBe(true)
    goOn()
    await stoppedListening({ server })
    expect(await client.get('/')).toMatchObject({ status: 200, saysClose: true })
    await Promise.all([first.over, second.over])

    expect(pausesNewSockets()).toBe(false)
    expect(server.listeners('connection')).toEqual(listeners)
  })
})

describe('hooks of a server that are added when their phases are over', () => {
  test('begin together, and the drain waits for the lame duck', async () => {
    const { client, clock, hooks, port, server, shutdown } = await start({ lameDuck: '1s' })
    shutdown.add({ name: 'last', phase: 'close', run: () => clock.sleep(100) })
    const run = shutdown.now()
    await clock.advance(50)
    shutdown.add(hooks)
    await clock.advance(999)
    const other = await connect(port)
    for (const one of [client, other]) {
      expect(await one.get('/')).toMatchObject({ status: 200, saysClose: false })
    }
    await clock.advance(1)
    await stoppedListening({ server })
    for (const one of [client, other]) {
      expect(await one.get('/')).toMatchObject({ status: 200, saysClose: true })
    }

    const report = await run
    expect(report).toMatchObject({ outcome: 'clean' })
    expect(hookOf(report, 'http:unbind')).toMatchObject({ began: 50, ended: 1050 })
    expect(hookOf(report)).toMatchObject({ began: 50, notes: [account(2, 2, 0)] })
  })
})

test('a server that was shut down without clients, and listens again, is shut down again', async () => {
  const clock = new PollingClock()
  const seen: (string | undefined)[] = []
  const server = createServer(({ url }) => void seen.push(url))
  const newShutdown = () => {
    const { shutdown } = virtualShutdown({ grace: '10s', exit: false, log: false }, { clock })
    shutdown.add(httpServerHooks(server, { lameDuck: '1s', timeout: '2s' }, clock))
    return shutdown
  }
  await listen(server)
  const first = newShutdown().now()
  await clock.advance(1000)
  expect(hookOf(await first)).toMatchObject({ status: 'done' })

  const client = await connect(await listen(server))
  client.ask('/slow')
  await until(() => seen.length === 1)
  const second = newShutdown().now()
  await clock.advance(1000)
  await stoppedListening({ server })
  await clock.advance(1000)
  const report = await second
  expect(hookOf(report, 'http:unbind')?.notes).toEqual(['lame duck of 1 s: the minimum'])
  expect(hookOf(report)).toMatchObject({ status: 'cut off', limit: 1000 })
  await client.closed()
})
