import { describe, expect, test } from 'vitest'
import { Script, shutdownScript } from '../support/programs/script.ts'

/** What user code can throw of which little or nothing can be read. */
const HOSTILE = {
  'a revoked Proxy':
    '(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()',
  'a Proxy whose traps throw':
    'new Proxy({}, new Proxy({}, { get: () => () => { throw new Error("trap") } }))',
  'an error whose cause throws':
    'Object.defineProperty(new Error("boom"), "cause", { get() { throw new Error("cause") } })',
  'an error whose code throws':
    'Object.defineProperty(new Error("boom"), "code", { get() { throw Symbol("code") } })',
  'an error whose message throws':
    'Object.defineProperty(new Error(), "message", { get() { throw new Error("message") } })',
  'an error whose stack throws':
    'Object.defineProperty(new Error("boom"), "stack", { get() { throw new Error("stack") } })',
  'an object without a prototype': 'Object.create(null)',
  'a symbol': 'Symbol("thrown")',
  undefined: 'undefined',
}

const LAST = `shutdown.add({ name: 'last', phase: 'flush', run: () => say('flushed') })`

/** Runs a shutdown with this code, which may throw `hostile()`, and resolves with how the process ended. */
async function end(thrown: string, body: string, options = '{}') {
  const code = shutdownScript(`const hostile = () => ${thrown}\n${LAST}\n${body}`, options)
  const script = new Script(code)
  await script.says('ready')
  return script.send('SIGTERM').ended
}

describe.each(Object.entries(HOSTILE))('%s', (_, thrown) => {
  test.each([
    ['a hook throws it', `shutdown.add({ name: 'bad', phase: 'stop', run() { throw hostile() } })`],
    [
      'a hook rejects with it',
      `shutdown.add({ name: 'bad', phase: 'stop', run: () => Promise.reject(hostile()) })`,
    ],
    ['a listener of the shutdown throws it', `shutdown.on('start', () => { throw hostile() })`],
    [
      'a listener of its signal throws it',
      `shutdown.signal.addEventListener('abort', () => { throw hostile() })`,
    ],
    ['another listener of SIGTERM throws it', `process.on('SIGTERM', () => { throw hostile() })`],
    ['a rejection is it', `process.on('SIGTERM', () => void Promise.reject(hostile()))`],
    [
      'an exit listener throws it',
      // Only once: after the first error, the exit calls the listeners again.
      `let thrown = false; process.on('exit', () => { if (!thrown) { thrown = true; throw hostile() } })`,
    ],
  ])('stops no other hook, and the code is 1, where %s', async (_, body) => {
    const ended = await end(thrown, body)
    expect(ended).toMatchObject({ code: 1, signal: null })
    expect(ended.stdout).toBe('ready\nflushed\n')
  })

  test('stops no cut-off where waitingFor() throws it, and the signal of the hook aborts', async () => {
    const hang = `({ signal, waitingFor }) => {
      waitingFor(() => { throw hostile() })
      signal.addEventListener('abort', () => say('aborted'))
      return new Promise(() => {})
    }`
    const body = `shutdown.add({ name: 'hung', phase: 'stop', timeout: 50, run: ${hang} })`
    const ended = await end(thrown, body)
    expect(ended).toMatchObject({ code: 124, signal: null })
    expect(ended.stdout).toBe('ready\naborted\nflushed\n')
    expect(ended.stderr).toContain('cut off: (waitingFor() failed: ')
  })

  test('starts a shutdown as an uncaught exception', async () => {
    const script = new Script(
      shutdownScript(`${LAST}\nsetTimeout(() => { throw ${thrown} }, 20)`, '{}'),
    )
    const ended = await script.ended
    expect(ended).toMatchObject({ code: 1, signal: null })
    expect(ended.stdout).toBe('ready\nflushed\n')
  })

  test('is no reason to fail where a note is it', async () => {
    const body = `shutdown.add({ name: 'notes', phase: 'stop', run: ({ note }) => note(hostile()) })`
    expect(await end(thrown, body)).toMatchObject({ code: 0, stdout: 'ready\nflushed\n' })
  })
})

describe('a built-in function that was replaced by one that throws', () => {
  test('keeps no hook from being cut off: process.getActiveResourcesInfo()', async () => {
    const body = `
      process.getActiveResourcesInfo = () => { throw hostile() }
      shutdown.add({ name: 'hung', phase: 'stop', timeout: 50, run: () => new Promise(() => {}) })`
    expect(await end('new Error("replaced")', body)).toMatchObject({
      code: 124,
      stdout: 'ready\nflushed\n',
    })
  })

  test('stops no hook but the one that it kept from beginning, which is named', async () => {
    const body = `
      const { floor } = Math
      shutdown.add({ name: 'bad', phase: 'stop', run: () => say('never') })
      const replace = () => { Math.floor = () => { Math.floor = floor; throw hostile() } }
      const stop = shutdown.on('phase:start', () => { stop(); replace() })
      shutdown.add({ name: 'next', phase: 'stop', run: () => say('next') })`
    const ended = await end('new Error("replaced")', body)
    expect(ended).toMatchObject({ code: 1, signal: null, stdout: 'ready\nnext\nflushed\n' })
    expect(ended.stderr).toContain("the library itself failed: Error: hook 'bad' could not begin")
  })

  test('in the engine itself ends the process at the deadline, with its own words', async () => {
    const body = `
      Date.prototype.toISOString = () => { throw hostile() }
      shutdown.add({ name: 'db', phase: 'close', run: () => say('closed') })`
    const ended = await end('new Error("replaced")', body, `{ grace: '2s', margin: '500ms' }`)
    expect(ended).toMatchObject({ code: 1, signal: null, stdout: 'ready\nflushed\nclosed\n' })
    expect(ended.stderr).toContain('lastcall: the library itself failed: Error: replaced')
    expect(ended.stderr).toContain('the shutdown has not ended by its deadline of 1.5 s')
  })
})
