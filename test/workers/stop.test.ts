import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { childProcess, childProcessHooks } from '../../src/workers/child-process.ts'
import { workerThread } from '../../src/workers/worker-thread.ts'
import { contextOf } from '../support/hooks/context.ts'
import { VirtualClock } from '../support/hooks/virtual.ts'
import { nodeChild } from '../support/programs/child.ts'
import { quietShutdown, stopped } from '../support/programs/stop.ts'
import { parentScript } from '../support/programs/workers-script.ts'

const channel = { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] as const }

/** The unhandled rejections while this runs. */
async function unhandled(work: () => Promise<unknown>): Promise<unknown[]> {
  const seen: unknown[] = []
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', (error) => seen.push(error))
  try {
    await work()
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.removeAllListeners('unhandledRejection')
    for (const listener of others) process.on('unhandledRejection', listener)
  }
  return seen
}

describe('a message that can not be sent', () => {
  const loop: { loop?: unknown } = {}
  loop.loop = loop

  test.each([
    ['goes round in a circle', loop],
    ['is a symbol', Symbol('stop')],
    ['is a bigint', 1n],
    ['is a function', () => {}],
  ])('because it %s is replaced by the signal', async (_, stopMessage) => {
    const child = await nodeChild('', { stdio: [...channel.stdio] })
    expect((await stopped(childProcess(child.process, { stopMessage }))).status).toBe('done')
    expect(child.process.signalCode).toBe('SIGTERM')
  })
})

describe('what cannot be notified', () => {
  test('and ends badly later is no unhandled rejection beside the failed hook: a child', async () => {
    const faults = await unhandled(async () => {
      const loop: { loop?: unknown } = {}
      loop.loop = loop
      const child = await nodeChild('', { stdio: [...channel.stdio] })
      await stopped(childProcess(child.process, { stopMessage: loop }))
      child.process.kill('SIGKILL')
      await child.closed
    })
    expect(faults).toEqual([])
  })

  test('and ends badly later is no unhandled rejection beside the failed hook: a thread', async () => {
    const faults = await unhandled(async () => {
      const worker = new Worker('setTimeout(() => process.exit(3), 100)', { eval: true })
      const exit = once(worker, 'exit')
      await stopped(workerThread(worker, { stopMessage: () => {} }))
      await exit
    })
    expect(faults).toEqual([])
  })

  test('is ended at once: a thread', async () => {
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true })
    onTestFinished(() => void worker.terminate())
    await once(worker, 'online')
    const shutdown = quietShutdown()
    shutdown.add(workerThread(worker, { stopMessage: () => {}, stopWait: '200ms' }))
    await shutdown.now()
    await Promise.race([once(worker, 'exit'), new Promise((resolve) => setTimeout(resolve, 500))])
    expect(worker.threadId).toBe(-1)
  })
})

test.runIf(process.getuid?.() === 0)(
  'a child that may not be signalled is no uncaught exception at half of the time',
  async () => {
    const script = await parentScript(
      `const child = await nodeChild('process.stdin.on("end", () => process.exit()).resume()', { stdin: 'pipe' })
       process.setgid(65534)
       process.setuid(65534)
       shutdown.add(childProcess(child, { name: 'root', stopWait: '400ms' }))`,
      { env: { PATH: process.env.PATH, DYNO: 'web.1' } },
    )
    const ended = await script.send('SIGTERM').ended
    expect(ended.stderr).not.toContain('uncaughtException')
    expect(ended.code).toBe(124)
  },
)

describe('at Ctrl-C', () => {
  test('a child that leads a group of its own is notified at once, also without the option', async () => {
    const child = await nodeChild('', { detached: true })
    const clock = new VirtualClock()
    const { context } = contextOf({
      clock,
      reason: { kind: 'signal', signal: 'SIGINT', terminal: true },
    })
    const [hook] = childProcessHooks(child.process, {}, clock)
    const over = Promise.resolve(hook?.run(context)).then(() => 'ended')
    const late = new Promise((resolve) => setTimeout(resolve, 1000, 'was not notified'))
    expect(await Promise.race([over, late])).toBe('ended')
  })
})

describe('on a platform that signals all', () => {
  test('a child that listens to a message, and minds no signal, is sent that at once', async () => {
    const child = await nodeChild(
      `process.on('SIGTERM', () => {}); process.on('message', () => process.exit())`,
      { stdio: [...channel.stdio] },
    )
    const clock = new VirtualClock()
    const { context } = contextOf({
      clock,
      platform: 'heroku',
      reason: { kind: 'signal', signal: 'SIGTERM', terminal: false },
    })
    const [hook] = childProcessHooks(child.process, { stopMessage: 'shutdown' }, clock)
    const over = Promise.resolve(hook?.run(context)).then(() => 'ended')
    const late = new Promise((resolve) => setTimeout(resolve, 1000, 'was not notified'))
    expect(await Promise.race([over, late])).toBe('ended')
  })
})

describe('a group', () => {
  test('whose leader ends at a message is notified as well, before it is killed', async () => {
    const program = `
      const { spawn } = require('node:child_process')
      spawn('sleep', ['600'], { stdio: 'inherit' })
      process.on('message', () => process.exit())`
    const child = await nodeChild(program, { stdio: [...channel.stdio], detached: true })
    const options = { group: true, stopMessage: 'shutdown', stopWait: '1s' } as const
    expect(await stopped(childProcess(child.process, options))).toMatchObject({ status: 'done' })
  })
})

test('the note of a kill says how long ago the child was notified, not how long ago the phase began', async () => {
  const child = await nodeChild(`process.on('SIGTERM', () => {}); process.on('SIGINT', () => {})`)
  const clock = new VirtualClock()
  const { context, notes, abort } = contextOf({
    clock,
    limit: 8000,
    reason: { kind: 'signal', signal: 'SIGINT', terminal: true },
  })
  const [hook] = childProcessHooks(child.process, { name: 'x' }, clock)
  Promise.resolve(hook?.run(context)).catch(() => {})
  await clock.advance(8000)
  abort()
  expect(notes[0]).toMatch(/4 s after SIGTERM$/)
})

test('a child that is notified by a message and ends by its stop signal has ended well, as documented', async () => {
  const child = await nodeChild(
    `process.on('message', () => process.kill(process.pid, 'SIGTERM'))`,
    {
      stdio: [...channel.stdio],
    },
  )
  expect(await stopped(childProcess(child.process, { stopMessage: 'shutdown' }))).toMatchObject({
    status: 'done',
  })
})
