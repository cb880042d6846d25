import fc from 'fast-check'
import type {
  Ending,
  Happening,
  PhaseName,
  Scenario,
  ScenarioHook,
  Signal,
  What,
} from './scenario.ts'

const SIGNALS: Signal[] = ['SIGTERM', 'SIGINT', 'SIGHUP']
const PHASES: PhaseName[] = ['announce', 'deregister', 'unbind', 'drain', 'stop', 'flush', 'close']
const GOOD: Ending[] = ['returns', 'resolves']
const BAD: Ending[] = ['throws', 'rejects', 'never', 'gives up', 'waits']

/** Mostly short, so that much happens at about the same time. Some use up the budget. */
const length = fc.oneof(fc.nat(50), fc.nat(400), fc.nat(3000))
const code = fc.nat(255)
const codeOrSignal = fc.oneof(code, fc.constant('signal' as const))

const place = fc.oneof(
  fc.constantFrom(...PHASES).map((phase) => ({ phase })),
  fc.constantFrom(400, 350, 50, -1, 999.5).map((priority) => ({ priority })),
)

/** A reserve is at most the timeout: more is refused. */
const limits = fc.record({ reserve: fc.nat(1500), more: fc.nat(1500) }, { requiredKeys: [] }).map(
  ({ reserve, more }): Pick<ScenarioHook, 'reserve' | 'timeout'> => ({
    ...(reserve === undefined ? {} : { reserve }),
    ...(more === undefined ? {} : { timeout: (reserve ?? 0) + more + 1 }),
  }),
)

const hook = fc.record({
  place,
  limits,
  ends: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...GOOD) },
    { weight: 1, arbitrary: fc.constantFrom(...BAD) },
  ),
  takes: length,
  /** Whether it takes exactly as long as its timeout. */
  isJust: fc.oneof(
    { weight: 8, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  blocks: fc.oneof({ weight: 30, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: length }),
})

const starter: fc.Arbitrary<What> = fc.oneof(
  fc.constantFrom<Signal>('SIGTERM', 'SIGINT').map((send) => ({ send })),
  fc.constantFrom<What>({ call: 'now' }, { message: 'shutdown' }, { fault: 'uncaughtException' }),
)

/** A deed. Hooks that are added or removed are numbers. */
type Deed = Exclude<What, { add: string } | { remove: string }>
type Numbered = Deed | { readonly add: number } | { readonly remove: number }

const deed = fc.oneof<fc.WeightedArbitrary<Numbered>[]>(
  { weight: 3, arbitrary: fc.constantFrom(...SIGNALS).map((send) => ({ send })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Deed>(
      { call: 'now' },
      { message: 'shutdown' },
      { message: 'hello' },
      { fault: 'uncaughtException' },
      { fault: 'unhandledRejection' },
      { fault: 'own abort' },
    ),
  },
  { weight: 4, arbitrary: fc.nat(9).map((add) => ({ add })) },
  { weight: 2, arbitrary: fc.nat(9).map((remove) => ({ remove })) },
)

/** Numbers stand for hooks: the one that does it, and the one that it is done to. */
const happening = fc.record({ by: fc.option(fc.nat(9)), after: length, what: deed })

/** There always is a shutdown: the first happening begins one. */
export const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    world: fc.record(
      { grace: fc.integer({ min: 2, max: 60 }).map((n) => n * 100), margin: fc.nat(150) },
      { requiredKeys: ['grace'] },
    ),
    exit: fc.oneof(
      { weight: 3, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
    exitCodes: fc.record(
      { clean: codeOrSignal, failed: code, deadline: code, fault: code, forced: codeOrSignal },
      { requiredKeys: [] },
    ),
    applicationCode: fc.oneof(fc.constant(0), code),
    signals: fc.constantFrom<Signal[]>(['SIGTERM', 'SIGINT'], SIGNALS),
    forceOn: fc.subarray<Signal>(['SIGINT', 'SIGTERM']),
    // With half a millisecond, so that no signal comes at the instant when the press is over.
    samePressWithin: fc.oneof(
      fc.constant(0),
      fc.nat(150).map((n) => n + 0.5),
    ),
    listeners: fc.record({ others: fc.constant('after' as const) }, { requiredKeys: [] }),
    flushes: fc.oneof(fc.constant(0), length),
    hooks: fc.array(hook, { maxLength: 8, size: 'max' }),
    first: fc.record({ after: length, what: starter }),
    happenings: fc.array(happening, { maxLength: 10, size: 'max' }),
  })
  .map(({ world, listeners, hooks: unnamed, first, happenings, ...rest }) => {
    const hooks = unnamed.map(
      ({ place, limits, isJust, ...hook }, index): ScenarioHook => ({
        name: nameOf(index),
        ...place,
        ...limits,
        ...hook,
        takes: isJust ? (limits.timeout ?? hook.takes) : hook.takes,
      }),
    )
    const other = (number: number) => nameOf(number % hooks.length)
    const named = happenings
      .filter(({ by, what }) => hooks.length > 0 || (by === null && !isOfHook(what)))
      .map(({ by, after, what }): Happening => {
        return { by: by === null ? null : other(by), after, what: name(what, other) }
      })
    return {
      ...world,
      ...listeners,
      ...rest,
      hooks,
      happenings: [{ by: null, ...first }, ...named],
    }
  })

function isOfHook(what: Numbered): boolean {
  return 'add' in what || 'remove' in what
}

function name(what: Numbered, nameOf: (number: number) => string): What {
  if ('add' in what) return { add: nameOf(what.add) }
  return 'remove' in what ? { remove: nameOf(what.remove) } : what
}

function nameOf(index: number): string {
  return String.fromCharCode(97 + index)
}
