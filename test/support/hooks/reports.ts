import type { Report } from '../../../src/engine/report.ts'
import { type VirtualClock, virtualShutdown } from './virtual.ts'

type Hooks = (clock: VirtualClock) => object[]

/** The report of a run of these hooks, on a clock that is moved on until it is over. */
async function runOf(hooks: Hooks, options: object = {}): Promise<Report> {
  const { shutdown, clock } = virtualShutdown({
    grace: '10s',
    exit: false,
    log: false,
    ...options,
  })
  shutdown.on('hook:end', ({ hook }) => {
    if (hook.name !== 'throws') return
    shutdown.add({ name: 'late', phase: 'announce', run: () => clock.sleep(300) })
    throw new TypeError("Cannot read properties of undefined (reading 'end')")
  })
  shutdown.add(hooks(clock) as never)
  const ended = shutdown.now()
  await clock.advance(20_000)
  return ended
}

const never = () => new Promise(() => {})

/** A name that would be markup, end a style sheet, leave an attribute and control a terminal. */
export const HOSTILE =
  '</style><script>alert("1")</script><img src=x onerror=\'alert(2)\'>&\u001b[31m\u0007'

const PHASES = ['announce', 'deregister', 'unbind', 'drain', 'stop', 'flush', 'close']

/** Runs of every kind, by what they show. */
export const REPORTS: Readonly<Record<string, () => Promise<Report>>> = {
  'no hook': () => runOf(() => []),
  'one hook': () =>
    runOf((clock) => [{ name: 'postgres', phase: 'close', run: () => clock.sleep(31) }]),
  'no time at all': () => runOf(() => [{ name: 'postgres', phase: 'close', run: () => {} }]),
  'a clean end': () =>
    runOf((clock) => [
      { name: 'consul', phase: 'deregister', run: () => clock.sleep(12) },
      { name: 'http', phase: 'drain', run: () => clock.sleep(42) },
      { name: 'jobs', phase: 'drain', run: () => clock.sleep(25) },
      { name: 'postgres', phase: 'close', run: () => clock.sleep(1) },
    ]),
  'a drain that is cut off': () =>
    runOf((clock) => [
      { name: 'http', phase: 'drain', run: never },
      {
        name: 'events',
        phase: 'flush',
        reserve: '2s',
        run: () => Promise.reject(new Error('refused')),
      },
      { name: 'postgres', phase: 'close', run: () => clock.sleep(21) },
    ]),
  faults: () =>
    runOf((clock) => [
      { name: 'throws', phase: 'drain', run: () => clock.sleep(620) },
      { name: 'jobs', phase: 'drain', run: () => clock.sleep(1400) },
      { name: 'postgres', phase: 'close', run: () => clock.sleep(60) },
    ]),
  'many faults at once': async () => {
    const report = await REPORTS.faults?.()
    const faults = Array.from({ length: 15 }, () => report?.faults[0])
    return { ...report, faults } as Report
  },
  'a blocked loop': async () => {
    const report = await runOf(
      (clock) => [
        { name: 'http', phase: 'drain', timeout: '400ms', run: never },
        { name: 'spin', phase: 'drain', run: () => clock.sleep(900) },
        { name: 'events', phase: 'flush', run: never },
      ],
      { grace: '2s' },
    )
    const [drain, flush] = structuredClone(report.phases)
    const late = drain?.hooks.map((hook) => ({ ...hook, ended: 2300 }))
    const idle = flush?.hooks.map((hook) => ({ ...hook, began: null, ended: 2300 }))
    const phases = [
      { ...drain, hooks: late },
      { ...flush, hooks: idle },
    ]
    return { ...report, duration: 2300, phases } as Report
  },
  'forty hooks': () =>
    runOf((clock) =>
      Array.from({ length: 40 }, (_, index) => ({
        name: `worker-${index}`,
        phase: PHASES[Math.floor(index / 7)],
        run: () => (index === 17 ? never() : clock.sleep(((index * 7919) % 900) + 1)),
      })),
    ),
  'long and strange names': () =>
    runOf(
      (clock) => [
        {
          name: `a-name-${'that-somebody-has-generated-'.repeat(5)}`,
          phase: 'drain-the-legacy-ingest-gateway',
          run: ({ note }: { note(text: string): void }) => {
            note(`waits ${'for something that has no end '.repeat(10)}`)
            return clock.sleep(700)
          },
        },
        { name: '注文キューのワーカー🚀', phase: 'stop', run: () => clock.sleep(300) },
        {
          name: HOSTILE,
          phase: 'flush',
          run: () => Promise.reject(new TypeError(`${HOSTILE}\nmore`)),
        },
        { name: 'W'.repeat(60), priority: 50, timeout: '100ms', run: never },
      ],
      { grace: '4s', phases: { 'drain-the-legacy-ingest-gateway': 350 } },
    ),
}
