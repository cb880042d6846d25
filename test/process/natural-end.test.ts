import { describe, expect, test } from 'vitest'
import { Script } from '../support/programs/script.ts'

/** A worker that ends when its work is done: nothing keeps it alive. */
function worker(body: string, options = '{ beforeExit: true }') {
  return new Script(`
    import { createShutdown } from 'lastcall'
    const say = (text) => process.stdout.write(text + '\\n')
    const shutdown = createShutdown({ log: { format: 'text' }, ...${options} })
    shutdown.add({ name: 'events', phase: 'flush', run: () => new Promise((done) => setTimeout(done, 20)).then(() => say('flushed')) })
    shutdown.listen()
    ${body}
    setTimeout(() => say('worked'), 20)
  `)
}

describe('a process in which nothing is left to do', () => {
  test('runs its hooks with beforeExit: true, and ends with 0', async () => {
    const ended = await worker(`shutdown.on('start', ({ reason }) => say(JSON.stringify(reason)))`)
      .ended
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stdout).toBe('worked\n{"kind":"empty"}\nflushed\n')
    expect(ended.stderr).toMatch(/^lastcall: nothing left to do: shutting down; deadline 9 s/)
  })

  test('runs no hook without it', async () => {
    const ended = await worker('', '{}').ended
    expect(ended).toEqual({ code: 0, signal: null, stdout: 'worked\n', stderr: '' })
  })

  test('keeps the exit code that the application has set', async () => {
    const ended = await worker('process.exitCode = 3').ended
    expect(ended).toMatchObject({ code: 3, stdout: 'worked\nflushed\n' })
  })

  test('is cut off at the limit by a hook that waits for nothing', async () => {
    const ended = await worker(
      `shutdown.add({ name: 'hung', phase: 'close', timeout: 50, run: () => new Promise(() => {}) })`,
    ).ended
    expect(ended).toMatchObject({ code: 124, stdout: 'worked\nflushed\n' })
  })

  test('runs its hooks once, whatever else listens to beforeExit', async () => {
    const ended = await worker(`process.on('beforeExit', () => setTimeout(() => say('more'), 1))`)
      .ended
    expect(ended.code).toBe(0)
    expect(ended.stdout.match(/flushed/g)).toHaveLength(1)
  })

  test('runs no hook when it calls process.exit() itself', async () => {
    const ended = await worker(`setTimeout(() => process.exit(0), 10)`).ended
    expect(ended).toMatchObject({ code: 0, stdout: '' })
  })
})
