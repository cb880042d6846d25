import { expect, test } from 'vitest'
import type { ShutdownOptions } from '../../src/shutdown.ts'
import { VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'

/** A process that no test runner runs, as far as the shutdown can tell. */
function application(options: ShutdownOptions = {}) {
  const process = new VirtualProcess()
  Object.assign(process, { isTestRun: false })
  const world = virtualShutdown(options, { process })
  let hooks = 0
  const add = () => world.shutdown.add({ name: `hook ${++hooks}`, phase: 'close', run: () => {} })
  return { ...world, add }
}

test('listen() that was forgotten is reminded of once, 10 s after the last hook was added', async () => {
  const { process, clock, add } = application()
  add()
  await clock.advance(6000)
  add()
  await clock.advance(9999)
  expect(process.output).toBe('')
  await clock.advance(1)
  expect(process.output).toMatch(
    /^lastcall: listen\(\) has not been called 10 s after the last add\(\): .*, and 2 hooks will not run/,
  )
  add()
  await clock.advance(60_000)
  expect(process.output.match(/listen\(\) has not been called/g)).toHaveLength(1)
  expect(clock.pending).toBe(0)
})

test.each<[string, (app: ReturnType<typeof application>) => unknown]>([
  ['listen() was called after add()', ({ shutdown, add }) => [add(), shutdown.listen()]],
  ['listen() was called before add()', ({ shutdown, add }) => [shutdown.listen(), add()]],
  ['listen() was called and undone', ({ shutdown, add }) => [add(), shutdown.listen()()]],
  ['now() was called', ({ shutdown, add }) => [add(), shutdown.now()]],
  ['no hook was added', () => {}],
])('nothing is said where %s', async (_, act) => {
  const app = application({ log: { level: 'warn' } })
  act(app)
  await app.clock.advance(60_000)
  expect(app.process.output).toBe('')
})

test.each<[string, ShutdownOptions]>([
  ['exit: false', { exit: false }],
  ['no signals', { signals: [] }],
  ['log: false', { log: false }],
])('nothing is said with %s', async (_, options) => {
  const { process, clock, add } = application(options)
  add()
  await clock.advance(60_000)
  expect(process.output).toBe('')
})

test('nothing is said in a test', async () => {
  const { shutdown, process, clock } = virtualShutdown()
  shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
  await clock.advance(60_000)
  expect(process.output).toBe('')
  expect(clock.pending).toBe(0)
})
