import {
  byTheKernelBeforeListen,
  clean,
  cutOff,
  endedInTime,
  failed,
  faultIfThrown,
  forcedOrClean,
  SAME_PRESS,
  samePress,
} from './rules.ts'
import type { Blow, Dice, Kind } from './scenario.ts'

const signalOf = (dice: Dice) => dice.oneOf('SIGTERM', 'SIGINT')
const faultOf = (dice: Dice) => dice.oneOf('throw', 'reject')
const first = (what: Blow['what'], dice: Dice): Blow => ({
  what,
  after: 'serving',
  wait: dice.between(0, 200),
})
const next = (what: Blow['what'], wait: number): Blow => ({ what, after: 'blow', wait })

export const KINDS: readonly Kind[] = [
  {
    name: 'one signal',
    share: 30,
    make: (dice) => ({
      service: { flushTakes: dice.between(0, 100) },
      blows: [first(signalOf(dice), dice)],
      allowed: clean,
    }),
  },
  {
    name: 'a signal during start-up',
    share: 40,
    make: (dice) => {
      const after = dice.oneOf('spawn', 'spawn', 'loading', 'loaded', 'serving')
      const longest = { spawn: 1.2, loading: 40, loaded: 30, serving: 5 }[after]
      return {
        service: { listensFirst: dice.oneOf(true, false) },
        blows: [{ what: signalOf(dice), after, wait: dice.between(0, longest) }],
        allowed: byTheKernelBeforeListen,
      }
    },
  },
  {
    name: 'the same signal twice, one press',
    share: 20,
    make: (dice) => {
      const signal = signalOf(dice)
      return {
        service: { flushTakes: dice.between(0, 200) },
        blows: [first(signal, dice), next(signal, dice.between(0, 90))],
        allowed: samePress,
      }
    },
  },
  {
    name: 'SIGTERM twice, two presses',
    share: 15,
    make: (dice) => ({
      service: { flushTakes: dice.between(100, 400) },
      blows: [first('SIGTERM', dice), next('SIGTERM', dice.between(SAME_PRESS, 300))],
      allowed: clean,
    }),
  },
  {
    name: 'SIGINT twice, two presses',
    share: 15,
    make: (dice) => ({
      service: { flushTakes: dice.between(0, 600) },
      blows: [first('SIGINT', dice), next('SIGINT', dice.between(SAME_PRESS, 300))],
      allowed: forcedOrClean,
    }),
  },
  {
    name: 'SIGTERM and SIGINT',
    share: 20,
    make: (dice) => {
      const one = signalOf(dice)
      const other = one === 'SIGTERM' ? 'SIGINT' : 'SIGTERM'
      return {
        service: { flushTakes: dice.between(0, 300) },
        blows: [first(one, dice), next(other, dice.between(0, 300))],
        allowed: clean,
      }
    },
  },
  {
    name: 'a signal at the very exit',
    share: 10,
    make: (dice) => ({
      blows: [
        first('SIGTERM', dice),
        { what: signalOf(dice), after: 'exit', wait: dice.between(0, 3) },
      ],
      allowed: clean,
    }),
  },
  {
    name: 'a fault, then a signal',
    share: 15,
    make: (dice) => ({
      service: { flushTakes: dice.between(0, 200) },
      blows: [first(faultOf(dice), dice), next(signalOf(dice), dice.between(0, 200))],
      allowed: failed,
    }),
  },
  {
    name: 'a fault between two signals',
    share: 15,
    make: (dice) => ({
      service: { flushTakes: dice.between(0, 300) },
      blows: [
        first(signalOf(dice), dice),
        next(faultOf(dice), dice.between(0, 150)),
        next('SIGTERM', dice.between(0, 150)),
      ],
      allowed: faultIfThrown,
    }),
  },
  {
    name: 'two signals, then a fault',
    share: 10,
    make: (dice) => ({
      service: { flushTakes: dice.between(0, 300) },
      blows: [
        first('SIGTERM', dice),
        next(signalOf(dice), dice.between(0, 150)),
        next(faultOf(dice), dice.between(0, 150)),
      ],
      allowed: faultIfThrown,
    }),
  },
  {
    name: 'a hook that fails',
    share: 15,
    make: (dice) => ({
      service: {
        hooks: [
          {
            phase: dice.oneOf('announce', 'unbind', 'drain', 'stop', 'flush', 'close'),
            does: dice.oneOf('reject', 'throw'),
          },
        ],
      },
      blows: [first(signalOf(dice), dice)],
      allowed: failed,
    }),
  },
  {
    name: 'a hook that throws what cannot be read',
    share: 15,
    make: (dice) => ({
      service: {
        hooks: [
          {
            phase: dice.oneOf('announce', 'unbind', 'drain', 'stop', 'flush', 'close'),
            does: dice.oneOf(
              'throw a revoked Proxy',
              'reject with a throwing cause',
              'hostile note',
            ),
          },
        ],
      },
      blows: [first(signalOf(dice), dice)],
      allowed: failed,
    }),
  },
  {
    name: 'a listener of the shutdown that throws what cannot be read',
    share: 10,
    make: (dice) => ({
      service: {
        listener: dice.oneOf('start', 'phase:start', 'hook:start', 'hook:end', 'end', 'exit'),
        flushTakes: dice.between(0, 100),
      },
      blows: [first(signalOf(dice), dice)],
      allowed: failed,
    }),
  },
  {
    name: 'a hook that fails, and process.exit(0) after the hooks',
    share: 10,
    make: (dice) => ({
      service: {
        exitsAfterHooks: true,
        hooks: [{ phase: dice.oneOf('stop', 'close'), does: 'reject' }],
      },
      blows: [first(signalOf(dice), dice)],
      allowed: failed,
    }),
  },
  {
    name: 'a slow loop, and a hook that hangs',
    share: 10,
    make: (dice) => ({
      service: {
        grace: 2000,
        reserve: 1000,
        hooks: [{ phase: dice.oneOf('drain', 'stop'), does: 'slow', ms: dice.between(10, 40) }],
      },
      blows: [first(signalOf(dice), dice)],
      allowed: cutOff,
    }),
  },
  {
    name: 'a very slow loop, and a hook that hangs',
    share: 5,
    isAlone: true,
    make: (dice) => ({
      service: {
        grace: 2000,
        reserve: 800,
        hooks: [{ phase: 'close', does: 'slow', ms: dice.between(400, 900) }],
      },
      blows: [first(signalOf(dice), dice)],
      allowed: endedInTime,
    }),
  },
  {
    name: 'a hook that hangs',
    share: 15,
    make: (dice) => ({
      service: {
        grace: 2000,
        reserve: 800,
        flushTakes: dice.between(0, 300),
        hooks: [{ phase: dice.oneOf('deregister', 'unbind', 'drain', 'stop'), does: 'hang' }],
      },
      blows: [first(signalOf(dice), dice)],
      allowed: cutOff,
    }),
  },
  {
    name: 'two shutdowns',
    share: 15,
    make: (dice) => {
      const does = dice.oneOf('sleep', 'sleep', 'reject')
      return {
        service: {
          parts: 2,
          by: 'http',
          hooks: [{ phase: 'drain', does, ms: dice.between(0, 300) }],
        },
        blows: [first(signalOf(dice), dice)],
        allowed: does === 'reject' ? failed : clean,
      }
    },
  },
  {
    name: 'a flush that takes most of its reserve',
    share: 15,
    make: (dice) => ({
      service: {
        grace: 5000,
        reserve: 2000,
        flushTakes: dice.between(800, 1400),
        hooks: [{ phase: 'drain', does: 'sleep', ms: dice.between(0, 200) }],
      },
      blows: [first(signalOf(dice), dice)],
      allowed: clean,
    }),
  },
]
