import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { settle, VirtualClock, VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'

/** A stream whose reader takes what is written when the test says so. */
function slowStream() {
  const waiting: (() => void)[] = []
  const stream = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => void waiting.push(() => done()),
  })
  return { stream, take: () => waiting.shift()?.(), waiting }
}

test('the exit waits until what was written has left the process', async () => {
  const world = { process: new VirtualProcess(), clock: new VirtualClock() }
  const { stream, take, waiting } = slowStream()
  world.process.streams = [stream]
  const { shutdown } = virtualShutdown({ grace: '10s' }, world)
  shutdown.add({ name: 'log', phase: 'flush', run: () => void stream.write('last line') })
  void shutdown.now()
  await world.clock.advance(500)
  expect(world.process.exits).toEqual([])
  while (waiting.length > 0) {
    take()
    await settle()
  }
  await world.clock.advance(0)
  expect(world.process.exits).toEqual([0])
})

test('so is what code that awaited the report writes', async () => {
  const world = { process: new VirtualProcess(), clock: new VirtualClock() }
  const { stream, waiting } = slowStream()
  world.process.streams = [stream]
  const { shutdown } = virtualShutdown({}, world)
  void shutdown.now().then(() => stream.write('the report'))
  await world.clock.advance(1)
  expect(waiting).toHaveLength(1)
  expect(world.process.exits).toEqual([])
})

test('a reader that takes nothing holds the exit until the process must leave, and what it loses is logged', async () => {
  const world = { process: new VirtualProcess(), clock: new VirtualClock() }
  const { stream } = slowStream()
  world.process.streams = [stream]
  const { shutdown } = virtualShutdown({ grace: '10s' }, world)
  stream.write('nobody reads this')
  void shutdown.now()
  await world.clock.advance(9499)
  expect(world.process.exits).toEqual([])
  await world.clock.advance(101)
  expect(world.process.exits).toEqual([0])
  expect(world.process.output).toContain(
    'stdout: 17 bytes are lost: the reader did not take them within 9.5 s',
  )
})

test('nor longer than the rest of the grace, where a hook has blocked past the deadline', async () => {
  const world = { process: new VirtualProcess(), clock: new VirtualClock() }
  const { stream } = slowStream()
  world.process.streams = [stream]
  const { shutdown } = virtualShutdown({ grace: '10s', log: false }, world)
  stream.write('nobody reads this')
  shutdown.add({ name: 'a', phase: 'drain', run: () => world.clock.block(9600) })
  void shutdown.now()
  // 400 ms are left of the grace, of which a tenth of the margin is for the exit.
  await world.clock.advance(299)
  expect(world.process.exits).toEqual([])
  await world.clock.advance(1)
  expect(world.process.exits).toHaveLength(1)
})

test('a reader that has gone away does not hold the exit', async () => {
  const world = { process: new VirtualProcess(), clock: new VirtualClock() }
  const { stream } = slowStream()
  world.process.streams = [stream]
  const { shutdown } = virtualShutdown({ grace: '10s' }, world)
  stream.write('nobody reads this')
  void shutdown.now()
  await world.clock.advance(1)
  stream.destroy(new Error('EPIPE'))
  await settle()
  await world.clock.advance(1)
  expect(world.process.exits).toEqual([0])
})
