import { describe, expect, test } from 'vitest'
import { stageOf } from '../../src/runtime/shared-hooks.ts'
import { VirtualClock, VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'

function world() {
  const process = new VirtualProcess()
  const clock = new VirtualClock()
  return { process, clock, stage: () => stageOf(process.sharedHooks) }
}

describe('the stage of the shutdowns of a process', () => {
  test.each([
    ['a signal', (process: VirtualProcess) => process.send('SIGTERM')],
    ['a message', (process: VirtualProcess) => process.emit('message', 'shutdown')],
    ['a fault', (process: VirtualProcess) => process.emit('uncaughtException', new Error('boom'))],
  ])('is that of its listeners until all have heard %s', async (_, begin) => {
    const { process, clock, stage } = world()
    const { shutdown } = virtualShutdown({ log: false }, { process, clock })
    const stages = [stage()]
    shutdown.signal.addEventListener('abort', () => stages.push(stage()))
    shutdown.on('start', () => stages.push(stage()))
    shutdown.add({ name: 'work', phase: 'drain', run: () => stages.push(stage()) })
    shutdown.on('end', () => stages.push(stage()))
    shutdown.listen()
    begin(process)
    // As a listener that hears it after ours.
    stages.push(stage())
    await clock.advance(10)
    const listeners = ['listeners', 'listeners', 'listeners']
    expect(stages).toEqual(['no shutdown', ...listeners, 'hooks', 'no shutdown'])
  })

  test('is that of the hooks as soon as now() is called, for nobody else heard it', async () => {
    const { process, clock, stage } = world()
    const { shutdown } = virtualShutdown({ log: false }, { process, clock })
    const stages: string[] = []
    shutdown.on('start', () => stages.push(stage()))
    shutdown.add({ name: 'work', phase: 'drain', run: () => stages.push(stage()) })
    void shutdown.now()
    stages.push(stage())
    await clock.advance(10)
    expect(stages).toEqual(['listeners', 'hooks', 'hooks'])
  })

  test('is that of the hooks of all shutdowns once the first of them begins', async () => {
    const { process, clock, stage } = world()
    const stages: string[] = []
    for (const name of ['one', 'other']) {
      const { shutdown } = virtualShutdown({ log: false }, { process, clock })
      shutdown.add({ name, phase: 'drain', run: () => stages.push(stage()) })
      shutdown.listen()
    }
    process.send('SIGTERM')
    await clock.advance(10)
    expect(stages).toEqual(['hooks', 'hooks'])
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)(
    'is that of listeners again while they hear %s',
    async (signal) => {
      const { process, clock, stage } = world()
      const { shutdown } = virtualShutdown({ log: false }, { process, clock })
      shutdown.add({ name: 'work', phase: 'drain', run: () => clock.sleep(100) })
      shutdown.listen()
      process.send('SIGTERM')
      await clock.advance(10)
      const stages = [stage()]
      process.send(signal)
      stages.push(stage())
      await clock.advance(1)
      stages.push(stage())
      expect(stages).toEqual(['hooks', 'listeners', 'hooks'])
    },
  )
})

describe('what waits for the last hook', () => {
  /** Shutdowns with a hook that takes some time, and a record of what happens. */
  function running(...shutdowns: { takes: number; exit?: boolean; fails?: boolean }[]) {
    const { process, clock } = world()
    const said: string[] = []
    const all = shutdowns.map(({ takes, exit = true, fails = false }) => {
      const { shutdown } = virtualShutdown({ log: false, exit }, { process, clock })
      const run = async () => {
        await clock.sleep(takes)
        said.push(`${takes} ms`)
        if (fails) throw new Error('boom')
      }
      shutdown.add({ name: 'work', phase: 'drain', run })
      shutdown.on('exit', ({ exitCode }) => said.push(`exit ${exitCode}`))
      shutdown.listen()
      return shutdown
    })
    const wait = (callback: () => unknown) => process.sharedHooks.callbacks.push(callback)
    return { process, clock, said, all, wait }
  }

  test('is called once, when the last hook of all shutdowns has ended and before the exit', async () => {
    const { process, clock, said, wait } = running({ takes: 10 }, { takes: 50 })
    process.send('SIGTERM')
    wait(() => said.push('called'))
    await clock.advance(100)
    expect(said).toEqual(['10 ms', '50 ms', 'called', 'exit 0'])
    expect(process.exits).toEqual([0])
  })

  test('is called where nothing exits, also beside a shutdown that has not begun', async () => {
    const { process, clock, said, all, wait } = running({ takes: 10, exit: false }, { takes: 50 })
    wait(() => said.push('called'))
    void all[0]?.now().then(() => said.push('report'))
    await clock.advance(100)
    expect(said).toEqual(['10 ms', 'report', 'called'])
    expect(process.exits).toEqual([])
  })

  test('waits for the exit where a shutdown ends before it that does not exit', async () => {
    const { process, clock, said, wait } = running({ takes: 10, exit: false }, { takes: 50 })
    process.send('SIGTERM')
    wait(() => said.push('called'))
    await clock.advance(100)
    expect(said).toEqual(['10 ms', '50 ms', 'called', 'exit 0'])
  })

  test('is called before an exit that does not wait for another shutdown', async () => {
    const { process, clock, said, wait } = running({ takes: 500, exit: false }, { takes: 50 })
    process.send('SIGTERM')
    wait(() => said.push('called'))
    await clock.advance(100)
    expect(said).toEqual(['50 ms', 'called', 'exit 0'])
  })

  test('is called after the hooks of a shutdown that joins at the end', async () => {
    const { process, clock, said, all, wait } = running({ takes: 10 })
    const late = virtualShutdown({ log: false }, { process, clock }).shutdown
    late.add({ name: 'late', phase: 'drain', run: () => clock.sleep(50) })
    late.on('end', () => said.push('late'))
    all[0]?.on('end', () => late.listen())
    process.send('SIGTERM')
    wait(() => said.push('called'))
    await clock.advance(200)
    expect(said).toEqual(['10 ms', 'late', 'called'])
    expect(process.exits).toEqual([0])
  })

  test('is waited for where it returns a promise, until the deadline', async () => {
    const { process, clock, said, wait } = running({ takes: 10 })
    process.send('SIGTERM')
    wait(() => clock.sleep(500).then(() => said.push('closed')))
    await clock.advance(1000)
    expect(said).toEqual(['10 ms', 'closed', 'exit 0'])

    const hung = running({ takes: 10 })
    hung.process.send('SIGTERM')
    hung.wait(() => new Promise(() => {}))
    await hung.clock.advance(8999)
    expect(hung.said).toEqual(['10 ms'])
    await hung.clock.advance(1)
    expect(hung.said).toEqual(['10 ms', 'exit 0'])
  })

  test('does not change the code of a hook that failed', async () => {
    const { process, clock, wait } = running({ takes: 10, fails: true })
    process.send('SIGTERM')
    wait(() => {})
    await clock.advance(100)
    expect(process.exits).toEqual([1])
  })
})
