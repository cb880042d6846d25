import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { Duration } from '../../src/base/duration.ts'
import {
  createHealthChecks,
  type HealthOptions,
  probesOf,
} from '../../src/http/health/health-checks.ts'
import { httpServerHooks } from '../../src/http/http-server.ts'
import { lameDuck } from '../../src/http/lame-duck.ts'
import { checkLameDuck, type LameDuckOptions } from '../../src/http/options.ts'
import { ServerState } from '../../src/http/server-state.ts'
import type { PlatformName } from '../../src/platform/platform.ts'
import { type ContextOptions, contextOf } from '../support/hooks/context.ts'
import { settle, VirtualClock, virtualShutdown } from '../support/hooks/virtual.ts'
import { hookOf } from '../support/service.ts'

const KUBELET = '10.0.0.1'
const BALANCER = '10.0.0.2'

/** A lame duck with a virtual clock: nothing happens but what the test does. */
function world(
  option?: LameDuckOptions | Duration,
  { ready, ...run }: Partial<ContextOptions> & Pick<HealthOptions, 'ready'> = {},
) {
  const clock = new VirtualClock()
  const health = createHealthChecks(ready ? { ready } : {}, clock)
  const state = new ServerState(clock, () => false)
  const controllers: (() => void)[] = []
  const noted: string[][] = []
  /** A prober asks for readiness. */
  const ask = (remoteAddress: string) => {
    const request = { method: 'GET', url: '/readyz', socket: { remoteAddress } }
    const response = { writeHead() {}, end() {} }
    health(request as IncomingMessage, response as unknown as ServerResponse)
  }
  return {
    clock,
    state,
    health,
    /** Its notes in the report. */
    notes: () => noted.flat(),
    /** Each prober asks for readiness, so often, and gets 200. */
    async probe(every: number, times: number, ...addresses: string[]) {
      for (let time = 0; time < times; time++) {
        await clock.advance(every)
        for (const address of addresses.length > 0 ? addresses : [KUBELET]) ask(address)
      }
    },
    /** A prober asks for readiness, and gets 503. */
    notify(address = KUBELET) {
      health.announce()
      ask(address)
    },
    /** A client connects, and sends a first request. */
    arrive() {
      state.lastArrivalAt = clock.now()
    },
    /** Starts the lame duck. What it returns says when it was over and why, once it is. */
    start() {
      const { abort, context, notes } = contextOf({ clock, ...run })
      controllers.push(abort)
      const began = clock.now()
      const over: { after?: number; why?: string | undefined } = {}
      noted.push(notes)
      health.announce()
      void lameDuck(checkLameDuck(option), state, probesOf(health)?.probers, context).then(
        (why) => {
          over.after = clock.now() - began
          over.why = why
        },
      )
      return over
    },
    /** Its hook comes to its limit. */
    abort() {
      for (const abort of controllers) abort()
    },
  }
}

const NONE = { after: 0, why: undefined }

describe('a lame duck by its conditions', () => {
  test('is none where no client has asked for readiness', async () => {
    const { arrive, clock, start } = world()
    arrive()
    const over = start()
    await settle()

    expect(over).toEqual(NONE)
    expect(clock.pending).toBe(0)
  })

  test('is none where a client has asked only once: that is no prober', async () => {
    const { probe, start } = world()
    await probe(1000, 1)
    const over = start()
    await settle()

    expect(over).toEqual(NONE)
  })

  test('is none where there are no health checks', async () => {
    const clock = new VirtualClock()
    const state = new ServerState(clock, () => false)
    const { context } = contextOf({ clock })

    expect(await lameDuck(checkLameDuck(), state, undefined, context)).toBeUndefined()
  })

  test('lasts until a prober has got 503 three times', async () => {
    const { clock, probe, start, notify } = world()
    await probe(1000, 5)
    const over = start()
    for (let time = 0; time < 3; time++) {
      expect(over).toEqual({})
      await clock.advance(1000)
      notify()
      await settle()
    }

    expect(over).toEqual({ after: 3000, why: 'every prober got a 503' })
    expect(clock.pending).toBe(0)
  })

  test('counts the answers of 503 from before it began', async () => {
    const { clock, probe, start, notify } = world()
    await probe(1000, 5)
    for (let time = 0; time < 2; time++) {
      await clock.advance(500)
      notify()
    }
    const over = start()
    await clock.advance(500)
    expect(over).toEqual({})
    notify()
    await settle()

    expect(over).toEqual({ after: 500, why: 'every prober got a 503' })
  })

  test('counts a probe that waited for the check when the shutdown was announced', async () => {
    const checks: (boolean | Promise<boolean>)[] = [true, true, new Promise(() => {})]
    const { probe, start } = world({ probes: 1 }, { ready: () => checks.shift() ?? false })
    await probe(1000, 3)
    const over = start()
    await settle()

    // It is answered at once: the result of the check makes no difference any more.
    expect(over).toEqual(NONE)
  })

  test('is none where every prober got its answers of 503 before it could begin', async () => {
    const { probe, start, notify } = world()
    await probe(1000, 5)
    for (let time = 0; time < 3; time++) notify()
    const over = start()
    await settle()

    expect(over).toEqual(NONE)
  })

  test('goes on until new connections have ceased for the quiet time', async () => {
    const { arrive, clock, probe, start, notify } = world({ probes: 1 })
    await probe(1000, 5)
    const over = start()
    await clock.advance(1000)
    arrive()
    notify()
    await clock.advance(60)
    arrive()
    await clock.advance(99)
    expect(over).toEqual({})
    await clock.advance(1)

    expect(over).toEqual({ after: 1160, why: 'every prober got a 503' })
  })

  test('counts the quiet time from the last arrival, also from before the probers got 503', async () => {
    const { arrive, clock, probe, start, notify } = world({ probes: 1, quiet: '1s' })
    await probe(2000, 5)
    const over = start()
    await clock.advance(1400)
    arrive()
    await clock.advance(600)
    notify()
    await clock.advance(399)
    expect(over).toEqual({})
    await clock.advance(1)

    expect(over).toEqual({ after: 2400, why: 'every prober got a 503' })
  })

  test('ends at the cap where a prober has not got 503 often enough', async () => {
    const { clock, probe, start, notify } = world({ atMost: '4s' })
    await probe(1300, 5)
    const over = start()
    await clock.advance(1300)
    notify()
    await clock.advance(1300)
    notify()
    await clock.advance(1399)
    expect(over).toEqual({})
    await clock.advance(1)

    expect(over).toEqual({ after: 4000, why: '1 prober had not asked often enough in time' })
    expect(clock.pending).toBe(0)
  })

  test('ends at the cap where new connections go on coming', async () => {
    const { arrive, clock, probe, start, notify } = world({ probes: 1, atMost: '2s' })
    await probe(1000, 5)
    const over = start()
    await clock.advance(1000)
    arrive()
    notify()
    for (let time = 0; time < 20; time++) {
      arrive()
      await clock.advance(50)
    }

    expect(over).toEqual({ after: 2000, why: 'new connections kept coming' })
  })

  test.each([
    ['half of what is left', 9000, 4500],
    ['10 s where more is left', 60_000, 10_000],
  ])('has a cap by default: %s', async (_, limit, cap) => {
    const { arrive, clock, probe, start, notify } = world({ probes: 1 }, { limit })
    await probe(1000, 5)
    const over = start()
    arrive()
    notify()
    for (let at = 0; at < cap - 50; at += 50) {
      arrive()
      await clock.advance(50)
    }
    expect(over).toEqual({})
    arrive()
    await clock.advance(50)

    expect(over).toEqual({ after: cap, why: 'new connections kept coming' })
  })

  test('never lasts so long that the drain has no time left', async () => {
    const { arrive, clock, probe, start, notify } = world(
      { probes: 1, atMost: '30s' },
      { limit: 5000 },
    )
    await probe(1000, 5)
    const over = start()
    arrive()
    notify()
    for (let at = 0; at < 10_000; at += 50) {
      arrive()
      await clock.advance(50)
    }

    expect(over).toEqual({ after: 3750, why: 'new connections kept coming' })
  })

  test('does not wait for a prober that asks too rarely to get 503 in time, and notes it', async () => {
    const { notes, probe, start } = world({ atMost: '5s' })
    await probe(2000, 5)
    const over = start()
    await settle()

    expect(over).toEqual(NONE)
    expect(notes()).toEqual([
      'the lame duck does not wait for a prober that asks every 2 s: 3 answers of 503 would take it 6 s, and the lame duck may last 5 s (grace, lameDuck.atMost, lameDuck.probes)',
    ])
  })

  test.each([
    ['that gets 503 in a minimum that is long enough', { atLeast: '6s', atMost: '7s' }, 2000],
    ['that gets 503 often enough', {}, 200],
    ['that asks too seldom to be a balancer', { atMost: '5s' }, 11_000],
    ['where the lame duck is off', { atMost: 0 }, 2000],
    ['of Kubernetes, which does not wait for its answer', { atMost: '5s' }, 2000, 'kubernetes'],
  ] as const)('says nothing of a prober %s', async (_, option, every, platform?: PlatformName) => {
    const run = platform === undefined ? {} : { platform }
    const { notes, probe, start } = world(option, { limit: 60_000, ...run })
    await probe(every, 5)
    start()
    await settle()

    expect(notes()).toEqual([])
  })

  test('notes a prober that asks every 10 s, also where it was a little late', async () => {
    const { notes, probe, start } = world({ probes: 1, atMost: '5s' }, { limit: 60_000 })
    await probe(10_040, 2)
    start()
    await settle()

    expect(notes()).toEqual([
      'the lame duck does not wait for a prober that asks every 10.04 s: 1 answer of 503 would take it 10.04 s, and the lame duck may last 5 s (grace, lameDuck.atMost, lameDuck.probes)',
    ])
  })

  test('says nothing of a prober that has asked only once', async () => {
    const { notes, probe, start } = world()
    await probe(2000, 1)
    start()
    await settle()

    expect(notes()).toEqual([])
  })

  test('waits for a prober that asks just often enough', async () => {
    const { clock, probe, start, notify } = world({ atMost: '6s' }, { limit: 60_000 })
    await probe(2000, 5)
    await clock.advance(500)
    const over = start()
    await clock.advance(1500)
    notify()
    for (let time = 0; time < 2; time++) {
      await clock.advance(2000)
      notify()
    }
    await settle()

    expect(over).toEqual({ after: 5500, why: 'every prober got a 503' })
  })

  test('does not wait for a prober that has gone away', async () => {
    const { clock, probe, start } = world({}, { limit: 60_000 })
    await probe(1000, 5)
    await clock.advance(3000)
    const over = start()
    await settle()

    expect(over).toEqual(NONE)
  })

  test('waits no longer for a prober that goes away meanwhile', async () => {
    const { clock, probe, start, notify } = world({}, { limit: 60_000 })
    await probe(1000, 5)
    const over = start()
    await clock.advance(1000)
    notify()
    await clock.advance(2999)
    expect(over).toEqual({})
    await clock.advance(1)

    expect(over).toEqual({ after: 4000, why: 'every prober got a 503' })
  })

  test('says so where every prober went away before it got 503', async () => {
    const { clock, probe, start } = world({}, { limit: 60_000 })
    await probe(1000, 5)
    const over = start()
    await clock.advance(3000)

    expect(over).toEqual({ after: 3000, why: 'every prober went away' })
  })

  test('waits for each of several probers', async () => {
    const { clock, probe, start, notify } = world({ probes: 2 }, { limit: 60_000 })
    await probe(1000, 3, KUBELET, BALANCER)
    const over = start()
    notify(KUBELET)
    notify(KUBELET)
    await clock.advance(1000)
    notify(BALANCER)
    await settle()
    expect(over).toEqual({})
    await clock.advance(1000)
    notify(BALANCER)
    await settle()

    expect(over).toEqual({ after: 2000, why: 'every prober got a 503' })
  })

  test('says how many probers did not get 503 often enough', async () => {
    const { clock, probe, start, notify } = world({ atMost: '3500ms' }, { limit: 60_000 })
    await probe(1000, 3, KUBELET, BALANCER)
    const over = start()
    for (let time = 0; time < 2; time++) {
      await clock.advance(1000)
      notify(KUBELET)
      notify(BALANCER)
    }
    await clock.advance(1500)

    expect(over).toEqual({ after: 3500, why: '2 probers had not asked often enough in time' })
  })

  test('is ended by its limit, and leaves no timer', async () => {
    const { abort, clock, probe, start, notify } = world()
    await probe(1000, 5)
    const over = start()
    await clock.advance(500)
    abort()
    await settle()

    expect(over).toEqual({ after: 500, why: 'cut off' })
    expect(clock.pending).toBe(0)
    // An answer of 503 that comes later starts no timer.
    notify()
    expect(clock.pending).toBe(0)
  })

  test('ends for both of two servers that share their health checks', async () => {
    const { clock, probe, start, notify } = world({ probes: 2 })
    await probe(1000, 5)
    const [first, second] = [start(), start()]
    for (let time = 0; time < 2; time++) {
      await clock.advance(1000)
      notify()
    }
    await settle()

    expect(first).toEqual({ after: 2000, why: 'every prober got a 503' })
    expect(second).toEqual({ after: 2000, why: 'every prober got a 503' })
    expect(clock.pending).toBe(0)
  })
})

describe('the minimum of a lame duck', () => {
  test('is 5 s on Kubernetes, where the endpoint goes away in parallel', async () => {
    const { clock, start } = world({}, { platform: 'kubernetes', limit: 27_000 })
    const over = start()
    await clock.advance(4999)
    expect(over).toEqual({})
    await clock.advance(1)

    expect(over).toEqual({ after: 5000, why: 'the minimum' })
  })

  test('is 5 s on Kubernetes, whatever shorter grace is known besides', async () => {
    const { clock, start } = world({}, { also: 'kubernetes', limit: 27_000 })
    const over = start()
    await clock.advance(27_000)

    expect(over.after).toBe(5000)
  })

  test.each([0, '2s'] as const)('can be another on Kubernetes: %s', async (atLeast) => {
    const { clock, start } = world({ atLeast }, { platform: 'kubernetes', limit: 27_000 })
    const over = start()
    await clock.advance(27_000)

    expect(over.after).toBe(atLeast === 0 ? 0 : 2000)
  })

  test('counts also where the probers got 503 sooner', async () => {
    const { clock, probe, start, notify } = world(
      { probes: 1 },
      { platform: 'kubernetes', limit: 60_000 },
    )
    await probe(1000, 3)
    const over = start()
    notify()
    await clock.advance(4999)
    expect(over).toEqual({})
    await clock.advance(1)

    expect(over).toEqual({ after: 5000, why: 'every prober got a 503' })
  })

  test('gives way to a cap that is smaller', async () => {
    const { clock, start } = world({ atMost: '1s' }, { platform: 'kubernetes', limit: 27_000 })
    const over = start()
    await clock.advance(27_000)

    expect(over.after).toBe(1000)
  })

  test('is kept whole where it is longer than the usual cap', async () => {
    const { clock, start } = world({ atLeast: '15s' }, { limit: 27_000 })
    const over = start()
    await clock.advance(27_000)

    expect(over.after).toBe(15_000)
  })

  test('gives way to a Ctrl-C at a terminal', async () => {
    const reason = { kind: 'signal', signal: 'SIGINT', terminal: true } as const
    const { clock, probe, start } = world({ atLeast: '5s' }, { reason })
    await probe(1000, 3)
    const over = start()
    await settle()

    expect(over).toEqual(NONE)
    expect(clock.pending).toBe(0)
  })

  test('does not give way to a SIGINT that comes from elsewhere', async () => {
    const reason = { kind: 'signal', signal: 'SIGINT', terminal: false } as const
    const { clock, start } = world({ atLeast: '2s' }, { reason })
    const over = start()
    await clock.advance(9000)

    expect(over.after).toBe(2000)
  })
})

describe('a lame duck of a fixed time', () => {
  test('lasts exactly that long, whatever probes and connections come', async () => {
    const { arrive, clock, probe, start, notify } = world('3s')
    await probe(100, 5)
    const over = start()
    for (let time = 0; time < 29; time++) {
      arrive()
      notify()
      await clock.advance(100)
    }
    expect(over).toEqual({})
    await clock.advance(100)

    expect(over).toEqual({ after: 3000, why: 'the minimum' })
  })

  test('is none at 0, on Kubernetes too', async () => {
    const { probe, start } = world(0, { platform: 'kubernetes' })
    await probe(100, 5)
    const over = start()
    await settle()

    expect(over).toEqual(NONE)
  })

  test('leaves a quarter of the time to the drain', async () => {
    const { clock, start } = world('60s', { limit: 2000 })
    const over = start()
    await clock.advance(60_000)

    expect(over).toEqual({ after: 1500, why: 'shortened, to leave time for the drain' })
  })
})

describe('the lame duck of a shutdown', () => {
  test('stands in the report, with its reason', async () => {
    const { clock, shutdown } = virtualShutdown({ exit: false, grace: '30s' })
    shutdown.add(httpServerHooks(createServer(), { lameDuck: '2s' }, clock))
    const run = shutdown.now()
    await clock.advance(2000)

    expect(hookOf(await run, 'http:unbind')).toMatchObject({
      phase: 'unbind',
      status: 'done',
      ended: 2000,
      notes: ['lame duck of 2 s: the minimum'],
    })
  })

  test('begins when readiness says 503: the announcement is made before', async () => {
    const { clock, shutdown } = virtualShutdown({ exit: false, grace: '30s' })
    const health = createHealthChecks({}, clock)
    const order: string[] = []
    const { announce } = health
    const watched = Object.assign(health, {
      announce: () => {
        order.push('announced')
        announce()
      },
    })
    shutdown.add(httpServerHooks(createServer(), { health: watched, lameDuck: '1s' }, clock))
    shutdown.on('hook:start', ({ hook, at }) => order.push(`${hook} at ${at}`))
    const run = shutdown.now()
    await clock.advance(1000)
    await run

    expect(order).toEqual(['http:announce at 0', 'announced', 'http:unbind at 0', 'http at 1000'])
  })
})
