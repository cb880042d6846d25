import { describe, expect, onTestFinished, test } from 'vitest'
import { Script, shutdownScript } from '../support/programs/script.ts'

const never = 'new Promise(() => {})'
const THROWS = `process.on('exit', () => { throw new Error('boom') })`

describe('a process that is stopped', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s runs its hooks in order and exits with 0',
    async (signal) => {
      const script = new Script(
        shutdownScript(`
        shutdown.add({ name: 'pool', phase: 'close', run: () => say('closed') })
        shutdown.add({ name: 'http', phase: 'drain', run: async () => { await sleep(20); say('drained') } })
      `),
      )
      await script.says('ready')
      const ended = await script.send(signal).ended
      expect(ended).toEqual({
        code: 0,
        signal: null,
        stdout: 'ready\ndrained\nclosed\n',
        stderr: '',
      })
    },
  )

  test('exits with its own exit code after a clean run', async () => {
    const script = new Script(shutdownScript('process.exitCode = 3'))
    expect((await (await script.says('ready')).send('SIGTERM').ended).code).toBe(3)
  })

  test('exits with 1 after a hook that failed, and says which and where', async () => {
    const script = new Script(
      shutdownScript(
        `shutdown.add({ name: 'bad', phase: 'drain', run() { throw new Error('boom') } })`,
      ),
    )
    const ended = await (await script.says('ready')).send('SIGTERM').ended
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(/^lastcall: hook 'bad' \(drain\) failed: Error: boom\n +at .*run/)
  })

  test('exits with 124 at the deadline, however its hooks hang, and never needs to be killed', async () => {
    // It takes half of its reserve: a busy machine's timers are late by more than a margin of 100 ms can mend.
    const script = new Script(
      shutdownScript(
        `shutdown.add({ name: 'hung', phase: 'drain', run: () => ${never} })
         shutdown.add({ name: 'events', phase: 'flush', reserve: '400ms', run: async () => { await sleep(200); say('flushed') } })`,
        `{ grace: '1s' }`,
      ),
    )
    const ended = await (await script.says('ready')).send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 124, signal: null })
    expect(ended.stdout).toContain('flushed')
    expect(ended.stderr).toMatch(/^lastcall: hook 'hung' \(drain\) was cut off after \d+ ms$/m)
  })

  test('waits out a repeat of the signal, and is forced by a second press with 130', async () => {
    const script = new Script(
      shutdownScript(`
        shutdown.add({ name: 'hung', phase: 'drain', run: () => ${never} })
        shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
        shutdown.on('start', () => say('started'))
        shutdown.on('repeat', ({ samePress }) => say('repeat ' + samePress))
      `),
    )
    await (await script.says('ready')).send('SIGINT').says('started')
    await script.send('SIGINT').says('repeat true')
    // The next press is one of its own once the window is over: this is what is tried here.
    await new Promise((resolve) => setTimeout(resolve, 150))
    const ended = await script.send('SIGINT').ended
    expect(ended).toMatchObject({ code: 130, signal: null })
    expect(ended.stderr).toBe(
      "lastcall: SIGINT again: exiting at once with code 130 (hook 'hung' was cut off; hook 'pool' never ran)\n",
    )
  })

  test('names the lost hooks where the application calls process.exit() during the shutdown, and does not exit with 0', async () => {
    const script = new Script(
      shutdownScript(`
        shutdown.add({ name: 'http', phase: 'drain', run: () => process.exit(0) })
        shutdown.add({ name: 'events', phase: 'flush', run: () => say('flushed') })
      `),
    )
    const ended = await (await script.says('ready')).send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 1, stdout: 'ready\n' })
    expect(ended.stderr).toContain(
      "process.exit() was called during the shutdown (hook 'http' was cut off; hook 'events' never ran)",
    )
  })

  test.each([
    ['after a shutdown', THROWS, '{}'],
    ['after a shutdown, where faults are left to Node', THROWS, '{ faults: false }'],
    ['after a shutdown in which it was added', `shutdown.on('start', () => { ${THROWS} })`, '{}'],
    [
      'by a second press',
      `import { execFileSync } from 'node:child_process'
       ${THROWS}
       const run = () => { execFileSync('kill', ['-TERM', String(process.pid)]); return ${never} }
       shutdown.add({ name: 'hung', phase: 'drain', run })`,
      `{ signals: { forceOn: ['SIGTERM'], samePressWithin: 0 } }`,
    ],
  ])('exits though a listener of exit throws, and says so: %s', async (_, body, options) => {
    const script = new Script(shutdownScript(body, options))
    onTestFinished(() => void script.send('SIGKILL'))
    const ended = await (await script.says('ready')).send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 1, signal: null })
    expect(ended.stderr).toMatch(/uncaughtException.*Error: boom/)
  })

  test('exits with 1 where its own exit code would read as 0', async () => {
    const script = new Script(shutdownScript('process.exitCode = 256'))
    expect((await (await script.says('ready')).send('SIGTERM').ended).code).toBe(1)
  })

  test('exits with 143 after a clean run where that is asked for', async () => {
    const script = new Script(shutdownScript('', `{ exitCodes: { clean: 'signal' } }`))
    const ended = await (await script.says('ready')).send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 143, signal: null })
  })
})

describe('a fault', () => {
  test.each([
    ['an uncaught exception', `setTimeout(() => { throw new Error('boom') })`, 'uncaughtException'],
    ['an unhandled rejection', `Promise.reject(new Error('boom'))`, 'unhandledRejection'],
  ])('%s runs the hooks, exits with 1 and shows the stack', async (_, code, origin) => {
    const script = new Script(
      shutdownScript(`
        shutdown.add({ name: 'pool', phase: 'close', run: () => say('closed') })
        setImmediate(() => { ${code} })
      `),
    )
    const ended = await script.ended
    expect(ended.code).toBe(1)
    expect(ended.stdout).toContain('closed')
    expect(ended.stderr).toMatch(new RegExp(`^lastcall: ${origin}: Error: boom\n +at `))
  })

  test('that comes again and again during the shutdown does not keep the process alive', async () => {
    const script = new Script(
      shutdownScript(
        `setInterval(() => { throw new Error('again') }, 20)
         shutdown.add({ name: 'work', phase: 'drain', run: () => sleep(200) })`,
      ),
    )
    const ended = await script.ended
    expect(ended.code).toBe(1)
    expect(ended.stderr.split('Error: again').length).toBeGreaterThan(3)
  })

  test('of a stderr without a reader does not loop', async () => {
    const script = new Script(
      shutdownScript(`
        shutdown.add({ name: 'work', phase: 'drain', run: () => sleep(100) })
        process.stdin.on('end', () => { throw new Error('boom') }).resume()
      `),
      { stdio: ['pipe', 'pipe', 'pipe'] },
    )
    await script.says('ready')
    script.child.stderr?.destroy()
    script.child.stdin?.end()
    expect((await script.ended).code).toBe(1)
  })
})

describe('several in one process', () => {
  test('two shutdowns exit once, when the slower has ended, with the worse code', async () => {
    const script = new Script(
      shutdownScript(`
        const other = createShutdown()
        shutdown.add({ name: 'quick', phase: 'drain', run: () => Promise.reject(new Error('boom')) })
        other.add({ name: 'slow', phase: 'drain', run: async () => { await sleep(200); say('slow is done') } })
        other.listen()
      `),
    )
    const ended = await (await script.says('ready')).send('SIGTERM').ended
    expect(ended.code).toBe(1)
    expect(ended.stdout).toContain('slow is done')
  })

  test('two copies of the package, one for import and one for require, leave together', async () => {
    const script = new Script(
      shutdownScript(`
        import { createRequire } from 'node:module'
        const copy = createRequire(process.cwd() + '/x.js')('lastcall')
        if (copy.createShutdown === createShutdown) throw new Error('one copy only')
        const other = copy.createShutdown()
        other.add({ name: 'slow', phase: 'drain', run: async () => { await sleep(200); say('slow is done') } })
        other.listen()
        shutdown.add({ name: 'quick', phase: 'drain', run: () => say('quick is done') })
      `),
    )
    const ended = await (await script.says('ready')).send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stdout: 'ready\nquick is done\nslow is done\n' })
  })

  test('now() in one of them takes the other along', async () => {
    const script = new Script(
      shutdownScript(`
        const other = createShutdown()
        other.add({ name: 'slow', phase: 'drain', run: async () => { await sleep(100); say('slow is done') } })
        other.listen()
        setImmediate(() => shutdown.now('test'))
      `),
    )
    expect(await script.ended).toMatchObject({ code: 0, stdout: 'ready\nslow is done\n' })
  })
})

describe('messages', () => {
  test("PM2's message ends the process cleanly", async () => {
    const script = new Script(
      shutdownScript(`shutdown.add({ name: 'pool', phase: 'close', run: () => say('closed') })`),
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    )
    await script.says('ready')
    script.child.send('shutdown')
    expect(await script.ended).toMatchObject({ code: 0, stdout: 'ready\nclosed\n' })
  })

  test('listening to them does not keep a process alive that has nothing left to do', async () => {
    const code = `
      import { createShutdown } from 'lastcall'
      createShutdown().listen()
      process.stdout.write('done')
    `
    const script = new Script(code, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    expect(await script.ended).toMatchObject({ code: 0, stdout: 'done' })
  })

  test("taking it back leaves the application's own listener for messages counted", async () => {
    const code = `
      import { createShutdown } from 'lastcall'
      process.on('message', (message) => { process.stdout.write(message); process.disconnect() })
      createShutdown().listen()()
      process.stdout.write('ready ')
    `
    const script = new Script(code, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    await script.says('ready')
    script.child.send('hello')
    expect(await script.ended).toMatchObject({ code: 0, stdout: 'ready hello' })
  })
})

test('a process whose work is done ends by itself, for listening holds nothing', async () => {
  const code = `
    import { createShutdown } from 'lastcall'
    createShutdown().listen()
    process.stdout.write('done')
  `
  expect(await new Script(code).ended).toMatchObject({ code: 0, stdout: 'done' })
})

test('in CommonJS it works the same, without a warning', async () => {
  const code = `
    const { createShutdown } = require('lastcall')
    require('lastcall/http')
    const shutdown = createShutdown({ log: { level: 'warn' } })
    shutdown.add({ name: 'a', phase: 'close', run: () => console.log('closed') })
    shutdown.listen()
    setInterval(() => {}, 1000)
    console.log('ready')
  `
  const script = await new Script(code, { type: 'commonjs' }).says('ready')
  expect(await script.send('SIGTERM').ended).toEqual({
    code: 0,
    signal: null,
    stdout: 'ready\nclosed\n',
    stderr: '',
  })
})
