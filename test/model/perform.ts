import { Writable } from 'node:stream'
import { VirtualClock, VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'
import { Performance } from './performance.ts'
import type { Recording } from './recording.ts'
import type { Scenario } from './scenario.ts'

/** Runs the real core through a scenario, in virtual time. */
export async function perform(scenario: Scenario): Promise<Recording> {
  return performOn(new VirtualClock(), scenario)
}

/** The same with given clocks: the core may have another clock than the world. */
export async function performOn(
  clock: VirtualClock,
  scenario: Scenario,
  coreClock: VirtualClock = clock,
): Promise<Recording> {
  const process = new VirtualProcess()
  const { grace, margin, exit, exitCodes, signals, forceOn, samePressWithin, others } = scenario
  const { shutdown } = virtualShutdown(
    {
      ...{
        grace,
        exit,
        exitCodes,
        signals: { on: signals, forceOn, samePressWithin, ...(others && { others }) },
      },
      ...(margin === undefined ? {} : { margin }),
    },
    { process, clock: coreClock },
  )
  process.exitCode = scenario.applicationCode
  const { flushes } = scenario
  const stdout = new Writable({
    write: (text, _encoding, done) => void clock.setTimeout(done, text.length > 0 ? flushes : 0),
  })
  process.streams = [stdout]
  if (flushes > 0) shutdown.on('end', () => stdout.write('what it has to say'))
  const performance = new Performance(scenario, shutdown, process, clock)
  performance.begin()
  // Everything ends by itself: nothing in a scenario repeats.
  await clock.advance(1e9)
  return performance.record
}
