import { describe, expect, test } from 'vitest'
import { Script, shutdownScript } from '../support/programs/script.ts'

/** A shutdown in a process whose application listens to the same events, before and after `listen()`. */
const BESIDE = (event: string) =>
  shutdownScript(
    `
    const beside = (name) => () => say(name + ': ' + (shutdown.signal.aborted ? 'begun' : 'not begun'))
    process.on('${event}', beside('before'))
    queueMicrotask(() => process.on('${event}', beside('after')))
    shutdown.on('start', () => say('start'))
    shutdown.add({ name: 'pool', phase: 'close', run: () => say('hook') })
  `,
    `{ faults: { unhandledRejection: 'always' }, signals: { others: 'beside' } }`,
  )
const ORDER = 'ready\nstart\nbefore: begun\nafter: begun\nhook\n'

describe('other listeners of what begins a shutdown run after its start and before its first hook', () => {
  test('of a signal', async () => {
    const script = await new Script(BESIDE('SIGTERM')).says('ready')
    expect(await script.send('SIGTERM').ended).toMatchObject({ code: 0, stdout: ORDER })
  })

  test('of a message', async () => {
    const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const
    const script = await new Script(BESIDE('message'), { stdio: [...stdio] }).says('ready')
    script.child.send('shutdown')
    expect(await script.ended).toMatchObject({ code: 0, stdout: ORDER })
  })

  test.each([
    ['uncaughtException', `throw new Error('boom')`],
    ['unhandledRejection', `Promise.reject(new Error('boom'))`],
  ])('of %s', async (event, fault) => {
    const script = new Script(`${BESIDE(event)}; setImmediate(() => { ${fault} })`)
    expect(await script.ended).toMatchObject({ code: 1, stdout: ORDER })
  })
})

describe('an application that exits by itself when all hooks have ended', () => {
  const FAILS = `shutdown.add({ name: 'bad', phase: 'drain', run() { throw new Error('boom') } })`
  const HANGS = `shutdown.add({ name: 'hung', phase: 'drain', timeout: 50, run: () => new Promise(() => {}) })`

  test.each([
    ['clean: its code counts', '', '{}', 0, 0],
    ['clean: its code counts', '', '{}', 3, 3],
    ['clean: 0 does not replace another code', 'process.exitCode = 4', '{}', 0, 4],
    ['clean: 0 does not replace another code', '', `{ exitCodes: { clean: 'signal' } }`, 0, 143],
    ['a hook failed: ours counts', FAILS, '{}', 0, 1],
    ['a hook failed: ours counts', FAILS, '{}', 3, 1],
    ['a hook was cut off: ours counts', HANGS, '{}', 1, 124],
  ])('%s (%#)', async (_, body, options, own, code) => {
    const script = new Script(
      shutdownScript(
        `${body}
         shutdown.on('exit', ({ exitCode }) => say('exit ' + exitCode))
         shutdown.on('start', () => shutdown.now().then(() => process.exit(${own})))`,
        options,
      ),
    )
    await script.says('ready')
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code, stdout: `ready\nexit ${code}\n` })
  })
})
