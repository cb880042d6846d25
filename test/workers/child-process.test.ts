import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { childProcess } from '../../src/workers/child-process.ts'
import {
  type Child,
  hasProc,
  isAlive,
  nodeChild,
  shellChild,
  suspend,
} from '../support/programs/child.ts'
import { firstHook, quietShutdown, stopped } from '../support/programs/stop.ts'

/** A child that says which signals come, and ends at the first of them. */
const TELLS = `
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP']) {
    process.on(signal, () => { say('notified ' + signal); process.exit() })
  }
  process.on('message', (message) => { say('notified ' + JSON.stringify(message)); process.exit() })
  process.on('disconnect', () => say('disconnected'))`

const DEAF = `process.on('SIGTERM', () => say('notified SIGTERM'))`

const channel = { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] as const }

/** What it was sent, once it has ended. */
async function heardBy(child: Child): Promise<string[]> {
  await child.closed
  return child.stdout.split('\n').filter((line) => line.startsWith('notified'))
}

describe('a child is asked to end', () => {
  test('by SIGTERM, and waited for', async () => {
    const child = await nodeChild(`
      process.on('SIGTERM', () => setTimeout(() => { say('notified SIGTERM, and has tidied up'); process.exit() }, 150))`)
    const hook = await stopped(childProcess(child.process))
    expect(hook).toMatchObject({ status: 'done', notes: [], error: null })
    expect(child.process.exitCode).toBe(0)
    expect(await heardBy(child)).toEqual(['notified SIGTERM, and has tidied up'])
  })

  test.each(['SIGINT', 'SIGQUIT', 'SIGHUP'] as const)(
    'by %s where that is its signal',
    async (stopSignal) => {
      const child = await nodeChild(TELLS)
      expect((await stopped(childProcess(child.process, { stopSignal }))).status).toBe('done')
      expect(await heardBy(child)).toEqual([`notified ${stopSignal}`])
    },
  )

  test.each(['shutdown', { type: 'stop', in: [1, 2] }, 7, false, null])(
    'by the message %j, and by no signal beside it',
    async (stopMessage) => {
      const child = await nodeChild(TELLS, { stdio: [...channel.stdio] })
      expect((await stopped(childProcess(child.process, { stopMessage }))).status).toBe('done')
      expect(await heardBy(child)).toEqual([`notified ${JSON.stringify(stopMessage)}`])
    },
  )

  test('by its signal where the channel for the message is closed', async () => {
    const child = await nodeChild(TELLS, { stdio: [...channel.stdio] })
    child.process.disconnect()
    await child.says('disconnected')
    const options = { stopMessage: 'shutdown', stopSignal: 'SIGINT' } as const
    expect((await stopped(childProcess(child.process, options))).status).toBe('done')
    expect(await heardBy(child)).toEqual(['notified SIGINT'])
  })

  test('by its signal where it has closed the channel itself, before we know of it', async () => {
    const child = await nodeChild(`${TELLS}; process.disconnect()`, { stdio: [...channel.stdio] })
    await child.says('disconnected')
    const hook = await stopped(childProcess(child.process, { stopMessage: 'shutdown' }))
    expect(hook.status).toBe('done')
    expect(await heardBy(child)).toEqual(['notified SIGTERM'])
  })

  test('once, however long it takes', async () => {
    const child = await nodeChild(
      `${DEAF}; process.on('SIGTERM', () => setTimeout(process.exit, 300))`,
    )
    await stopped(childProcess(child.process, { stopWait: '5s' }))
    expect(await heardBy(child)).toEqual(['notified SIGTERM'])
  })

  test('together with all of its phase, and after all that comes before', async () => {
    const order: string[] = []
    const shutdown = quietShutdown()
    const children = await Promise.all(['a', 'b'].map(() => nodeChild(DEAF)))
    for (const [index, child] of children.entries()) {
      shutdown.add(childProcess(child.process, { name: `worker ${index}` }))
      void child.says('notified').then(() => order.push('notified'))
    }
    shutdown.add({ name: 'http', phase: 'drain', run: () => order.push('drained') })
    const run = shutdown.now()
    await Promise.all(children.map((child) => child.says('notified')))
    expect(order).toEqual(['drained', 'notified', 'notified'])
    for (const child of children) child.process.kill('SIGKILL')
    await run
  })
})

describe('a child that does not end', () => {
  test('is killed when its stopWait is over, which the report says, and the next phase begins', async () => {
    const child = await nodeChild(DEAF)
    const shutdown = quietShutdown()
    const closed: string[] = []
    shutdown.add(childProcess(child.process, { name: 'deaf', stopWait: '300ms' }))
    shutdown.add({ name: 'pool', phase: 'close', run: () => closed.push('pool') })
    const report = await shutdown.now()
    expect(report).toMatchObject({ outcome: 'cut off', exitCode: 124 })
    expect(firstHook(report)).toMatchObject({
      status: 'cut off',
      limit: 300,
      notes: [
        expect.stringMatching(/^killed: child 'deaf' \(pid \d+\), [\d.]+ m?s after SIGTERM$/),
      ],
    })
    expect(closed).toEqual(['pool'])
    expect(await heardBy(child)).toEqual(['notified SIGTERM'])
    expect(child.process.signalCode).toBe('SIGKILL')
  })

  test.runIf(hasProc)('because it was suspended is killed as well', async () => {
    const child = await nodeChild(TELLS)
    await suspend(child.pid)
    const hook = await stopped(childProcess(child.process, { stopWait: '200ms' }))
    expect(hook.status).toBe('cut off')
    expect(hook.notes).toEqual([expect.stringMatching(/^killed: .* after SIGTERM$/)])
    await child.closed
    expect(child.process.signalCode).toBe('SIGKILL')
  })

  test.each([
    ['shutdown', "the message 'shutdown'"],
    [{ type: 'stop' }, 'a message'],
  ])(
    'at the message %j is killed, and the report says what it was sent',
    async (stopMessage, notice) => {
      const child = await nodeChild(`process.on('message', () => {})`, {
        stdio: [...channel.stdio],
      })
      const hook = await stopped(childProcess(child.process, { stopMessage, stopWait: '200ms' }))
      expect(hook.notes[0]).toMatch(new RegExp(`ms after ${notice}$`))
      await child.closed
      expect(child.process.signalCode).toBe('SIGKILL')
    },
  )

  test('at the signal that took the place of the message is killed, and the report says why', async () => {
    const child = await nodeChild(DEAF, { stdio: [...channel.stdio] })
    child.process.disconnect()
    const options = { stopMessage: 'shutdown', stopWait: '200ms' } as const
    const hook = await stopped(childProcess(child.process, options))
    expect(hook.notes[0]).toMatch(/after SIGTERM \(its channel is closed\)$/)
  })
})

describe('a child that has ended', () => {
  test.each([
    ['well', 'exit 0'],
    ['badly', 'exit 7'],
    ['by a signal', 'kill -9 $$'],
  ])('%s before the shutdown is left alone, and fails nothing', async (_, end) => {
    // It ends when it has been handed in, and not before: then it would be left out.
    const stdio = ['pipe', 'pipe', 'ignore'] as const
    const child = await shellChild(`echo ready; read -r line; ${end}`, { stdio: [...stdio] })
    const hooks = childProcess(child.process)
    child.process.stdin?.end('go on\n')
    await child.closed
    expect(await stopped(hooks)).toMatchObject({ status: 'done', notes: [], error: null })
  })

  test('before it was added is left alone as well, also as a group', async () => {
    const child = await shellChild('echo ready', { detached: true })
    await child.closed
    expect(childProcess(child.process, { group: true, stopWait: '5s' })).toEqual([])
  })

  test('between the signal and the phase in which it is stopped is left alone', async () => {
    const child = await nodeChild(TELLS)
    const shutdown = quietShutdown()
    const [hook] = childProcess(child.process)
    if (!hook) throw new Error('no hook')
    shutdown.add(hook)
    shutdown.add({
      name: 'drain',
      phase: 'drain',
      run: () => {
        child.process.kill('SIGKILL')
        return once(child.process, 'exit')
      },
    })
    const report = await shutdown.now()
    expect(report.outcome).toBe('clean')
    expect(report.phases.at(-1)?.hooks[0]).toMatchObject({ name: hook.name, status: 'done' })
  })

  test('and of which that is not known yet is waited for, and judged', async () => {
    const child = await nodeChild(TELLS)
    const shutdown = quietShutdown()
    shutdown.add(childProcess(child.process))
    child.process.kill('SIGKILL')
    expect(firstHook(await shutdown.now())).toMatchObject({
      status: 'failed',
      error: {
        code: 'LASTCALL_CHILD_FAILED',
        message: expect.stringMatching(/ended with SIGKILL$/),
      },
    })
  })

  test('gives its name back where its hook is taken back at its end', async () => {
    const shutdown = quietShutdown()
    for (let n = 0; n < 3; n++) {
      const child = await shellChild('echo ready; read line', { stdio: ['pipe', 'pipe', 'ignore'] })
      const exit = once(child.process, 'exit')
      child.process.once('exit', shutdown.add(childProcess(child.process, { name: 'worker' })))
      child.process.stdin?.end()
      await exit
    }
    expect((await shutdown.now()).phases).toEqual([])
  })
})

test('a hundred children are notified at once, and all have ended at the end', async () => {
  const shutdown = quietShutdown()
  const children = await Promise.all(
    Array.from({ length: 100 }, () => shellChild('echo ready; exec sleep 600')),
  )
  for (const { process: child } of children) shutdown.add(childProcess(child))
  const report = await shutdown.now()
  expect(report.outcome).toBe('clean')
  expect(report.phases[0]?.hooks).toHaveLength(100)
  expect(children.filter(({ pid }) => isAlive(pid))).toEqual([])
  expect(new Set(children.map(({ process: child }) => child.signalCode))).toEqual(
    new Set(['SIGTERM']),
  )
})
