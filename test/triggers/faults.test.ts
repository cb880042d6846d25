import { expect, test } from 'vitest'
import type { Shutdown } from '../../src/shutdown.ts'
import { type VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'

test.each(['uncaughtException', 'unhandledRejection'] as const)(
  'an %s starts a shutdown, is logged with its stack, and makes the code 1 whatever the hooks did',
  async (origin) => {
    const { shutdown, process, clock } = virtualShutdown()
    let ran = false
    shutdown.add({
      name: 'a',
      phase: 'close',
      run: () => {
        ran = true
      },
    })
    shutdown.listen()
    process.emit(origin, new TypeError('boom'), origin)
    await clock.advance(1)
    expect(ran).toBe(true)
    expect(shutdown.report).toMatchObject({
      reason: { kind: 'fault', origin, error: { name: 'TypeError', message: 'boom' } },
      outcome: 'fault',
      exitCode: 1,
      faults: [{ origin, error: { message: 'boom' }, at: 0 }],
    })
    expect(process.exits).toEqual([1])
    expect(process.output).toMatch(new RegExp(`lastcall: ${origin}: TypeError: boom\n +at `))
  },
)

test('a fault makes the code 1 without any hook, too', async () => {
  const { shutdown, process, clock } = virtualShutdown()
  const order: string[] = []
  shutdown.on('event', ({ type }) => order.push(type))
  shutdown.listen()
  process.emit('uncaughtException', new Error('boom'))
  await clock.advance(1)
  expect(process.exits).toEqual([1])
  expect(order).toEqual(['start', 'fault', 'end', 'exit'])
})

test('another fault during the shutdown is reported, and starts nothing', async () => {
  const { shutdown, process, clock } = virtualShutdown()
  shutdown.add({ name: 'work', phase: 'drain', run: () => clock.sleep(100) })
  shutdown.listen()
  process.emit('uncaughtException', new Error('first'))
  await clock.advance(50)
  process.emit('unhandledRejection', 'second')
  await clock.advance(100)
  expect(shutdown.report?.faults).toMatchObject([
    { origin: 'uncaughtException', error: { message: 'first' }, at: 0 },
    {
      origin: 'unhandledRejection',
      error: { name: 'NonError', message: "'second' (string)" },
      at: 50,
    },
  ])
  expect(process.exits).toEqual([1])
})

test('a fault after a signal makes the code 1, and the signal stays the reason', async () => {
  const { shutdown, process, clock } = virtualShutdown()
  shutdown.add({ name: 'work', phase: 'drain', run: () => clock.sleep(100) })
  shutdown.listen()
  process.send('SIGTERM')
  process.emit('uncaughtException', new Error('boom'))
  await clock.advance(200)
  expect(shutdown.report).toMatchObject({
    reason: { kind: 'signal' },
    outcome: 'fault',
    exitCode: 1,
  })
})

test.each([
  [
    'a listener of the end',
    (shutdown: Shutdown) =>
      shutdown.on('end', () => {
        throw new Error('late')
      }),
  ],
  [
    'code that awaited the report',
    (shutdown: Shutdown, process: VirtualProcess) => {
      shutdown.on('exit', () => process.emit('uncaughtException', new Error('late')))
    },
  ],
])('a fault between the report and the exit makes the code 1: %s', async (_, prepare) => {
  const { shutdown, process, clock } = virtualShutdown()
  prepare(shutdown, process)
  shutdown.listen()
  process.send('SIGTERM')
  await clock.advance(1)
  expect(process.exits).toEqual([1])
  expect(process.output).toContain('late')
})

test('an uncaught AbortError of shutdown.signal is no fault', async () => {
  const { shutdown, process, clock } = virtualShutdown()
  shutdown.add({ name: 'work', phase: 'drain', run: () => clock.sleep(100) })
  shutdown.listen()
  process.send('SIGTERM')
  process.emit('unhandledRejection', shutdown.signal.reason)
  process.emit('unhandledRejection', new Error('aborted', { cause: shutdown.signal.reason }))
  await clock.advance(200)
  expect(shutdown.report).toMatchObject({ outcome: 'clean', faults: [] })
})

test('faults are left to Node where they are switched off', () => {
  const { shutdown, process } = virtualShutdown({ faults: false })
  shutdown.listen()
  expect(process.listeners).not.toContain('uncaughtException')
  expect(process.listeners).not.toContain('unhandledRejection')
})

test('with log: false nothing is written', async () => {
  const { shutdown, process, clock } = virtualShutdown({ log: false })
  shutdown.listen()
  process.emit('uncaughtException', new Error('boom'))
  await clock.advance(1)
  expect(process.output).toBe('')
})
