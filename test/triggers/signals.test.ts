import { describe, expect, test } from 'vitest'
import type { ShutdownEvent } from '../../src/engine/events.ts'
import { virtualShutdown } from '../support/hooks/virtual.ts'

/** A shutdown that listens, with a hook that takes 5 s. */
function busyShutdown(options: Parameters<typeof virtualShutdown>[0] = {}) {
  const world = virtualShutdown({ grace: '10s', ...options })
  const repeats: Extract<ShutdownEvent, { type: 'repeat' }>[] = []
  world.shutdown.on('repeat', (event) => repeats.push(event))
  world.shutdown.add({ name: 'work', phase: 'drain', run: () => world.clock.sleep(5000) })
  world.shutdown.listen()
  return { ...world, repeats }
}

describe('which signals start a shutdown', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s does by default', async (signal) => {
    const { shutdown, process, clock } = busyShutdown()
    process.send(signal)
    await clock.advance(5000)
    expect(shutdown.report?.reason).toEqual({ kind: 'signal', signal, terminal: false })
    expect(process.exits).toEqual([0])
  })

  test.each([
    { signals: ['SIGHUP', 'SIGUSR2'] as const },
    { signals: { on: ['SIGHUP', 'SIGUSR2'] as const } },
  ])('others do where the option names them, and then the default ones do not (%#)', (options) => {
    const { shutdown, process } = busyShutdown(options)
    process.send('SIGTERM')
    expect(shutdown.signal.aborted).toBe(false)
    process.send('SIGUSR2')
    expect(shutdown.signal.aborted).toBe(true)
  })

  test('a Ctrl-C at a terminal is distinguished from a SIGINT that was sent', async () => {
    const { shutdown, process, clock } = busyShutdown()
    process.interactive = true
    process.send('SIGINT')
    await clock.advance(5000)
    expect(shutdown.report?.reason).toEqual({ kind: 'signal', signal: 'SIGINT', terminal: true })
  })

  test('a message of PM2 does, and other messages do not', async () => {
    const { shutdown, process, clock } = busyShutdown()
    process.emit('message', { type: 'shutdown' })
    process.emit('message', 'other')
    expect(shutdown.signal.aborted).toBe(false)
    process.emit('message', 'shutdown')
    await clock.advance(5000)
    expect(shutdown.report?.reason).toEqual({ kind: 'message', message: 'shutdown' })
  })

  test('without messages no channel is listened to', () => {
    const { process } = busyShutdown({ messages: [] })
    expect(process.listeners).not.toContain('message')
  })
})

describe('a second signal', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s within 100 ms is the same press and changes nothing',
    async (signal) => {
      const { process, clock, repeats } = busyShutdown()
      process.send(signal)
      await clock.advance(16)
      process.send('SIGINT')
      await clock.advance(83)
      process.send('SIGINT')
      expect(process.exits).toEqual([])
      expect(repeats.map((event) => event.samePress)).toEqual([true, true])
    },
  )

  test('SIGINT after that forces the exit at once with 130', async () => {
    const { process, clock } = busyShutdown()
    process.send('SIGINT')
    await clock.advance(100)
    process.send('SIGINT')
    expect(process.exits).toEqual([130])
    expect(process.output).toContain('SIGINT again: exiting at once with code 130')
  })

  test('the first SIGINT after a SIGTERM does not force, the second does', async () => {
    const { process, clock } = busyShutdown()
    process.send('SIGTERM')
    await clock.advance(1000)
    process.send('SIGINT')
    expect(process.exits).toEqual([])
    await clock.advance(1000)
    process.send('SIGINT')
    expect(process.exits).toEqual([130])
  })

  test('a repeat that arrives late, because a hook blocked the loop, is the same press', async () => {
    const { shutdown, process, clock, repeats } = busyShutdown()
    shutdown.add({ name: 'blocks', phase: 'announce', run: () => clock.block(500) })
    process.send('SIGINT')
    await clock.advance(0)
    expect(clock.now()).toBe(500)
    // Sent within some 25 ms, and received when the loop is free.
    process.send('SIGINT')
    expect(process.exits).toEqual([])
    expect(repeats).toEqual([{ type: 'repeat', signal: 'SIGINT', samePress: true }])
    await clock.advance(100)
    process.send('SIGINT')
    expect(process.exits).toEqual([130])
  })

  test('SIGTERM changes nothing: platforms repeat it', async () => {
    const { process, clock, repeats } = busyShutdown()
    process.send('SIGTERM')
    await clock.advance(1000)
    process.send('SIGTERM')
    expect(process.exits).toEqual([])
    expect(repeats).toEqual([{ type: 'repeat', signal: 'SIGTERM', samePress: false }])
  })

  test('SIGTERM forces where the option says so, with 143', async () => {
    const { process, clock } = busyShutdown({ signals: { forceOn: ['SIGTERM'] } })
    process.send('SIGTERM')
    await clock.advance(1000)
    process.send('SIGINT')
    expect(process.exits).toEqual([])
    process.send('SIGTERM')
    expect(process.exits).toEqual([143])
  })

  test('the first SIGINT after now() does not force', async () => {
    const { shutdown, process, clock, repeats } = busyShutdown()
    void shutdown.now()
    await clock.advance(1000)
    process.send('SIGINT')
    expect(process.exits).toEqual([])
    expect(repeats).toHaveLength(1)
    await clock.advance(1000)
    process.send('SIGINT')
    expect(process.exits).toEqual([130])
  })

  test('the window of the same press can be 0', async () => {
    const { process } = busyShutdown({ signals: { samePressWithin: 0 } })
    process.send('SIGINT')
    process.send('SIGINT')
    expect(process.exits).toEqual([130])
  })

  test('with exit: false nothing is forced, and no line says so', async () => {
    const { process, clock, repeats } = busyShutdown({ exit: false })
    process.send('SIGINT')
    await clock.advance(1000)
    process.send('SIGINT')
    expect(process.exits).toEqual([])
    expect(process.output).not.toContain('exiting at once')
    expect(repeats).toEqual([{ type: 'repeat', signal: 'SIGINT', samePress: false }])
  })

  test('SIGHUP ends nothing during a shutdown, and has no listener before', async () => {
    const { process, clock, repeats } = busyShutdown()
    expect(process.listeners).not.toContain('SIGHUP')
    process.send('SIGINT')
    await clock.advance(9)
    process.send('SIGHUP')
    expect(repeats).toEqual([{ type: 'repeat', signal: 'SIGHUP', samePress: false }])
  })
})

describe('what undoes listen()', () => {
  test('removes its listeners, and leaves those of others', () => {
    const { shutdown, process } = virtualShutdown()
    let heard = 0
    process.on('SIGTERM', () => heard++)
    const unlisten = shutdown.listen()
    expect(process.listeners.sort()).toEqual(
      ['SIGINT', 'SIGTERM', 'message', 'uncaughtException', 'unhandledRejection'].sort(),
    )
    unlisten()
    expect(process.listeners).toEqual(['SIGTERM'])
    process.send('SIGTERM')
    expect(heard).toBe(1)
    expect(shutdown.signal.aborted).toBe(false)
    expect(process.sharedShutdowns.members.size).toBe(0)
  })

  test('leaves nothing where it is called in the tick in which the shutdown starts', () => {
    const { shutdown, process } = virtualShutdown()
    let unlisten = () => {}
    shutdown.on('start', () => unlisten())
    unlisten = shutdown.listen()
    process.send('SIGTERM')
    expect(process.listeners.filter((name) => name !== 'exit')).toEqual([])
  })

  test('with exit: false happens by itself at the end, so that the process can be stopped again', async () => {
    const { shutdown, process, clock } = busyShutdown({ exit: false })
    process.send('SIGTERM')
    await clock.advance(5000)
    expect(shutdown.report?.outcome).toBe('clean')
    expect(process.listeners).toEqual([])
    expect(process.exits).toEqual([])
  })
})
