import { describe, expect, onTestFinished, test } from 'vitest'
import { Script, shutdownScript } from '../support/programs/script.ts'

/** A program whose shutdown has a hook of 20 ms, and calls others' listeners when it has ended. */
function start(body: string, options = `{ signals: { others: 'after' } }`): Promise<Script> {
  const pool = `shutdown.add({ name: 'pool', phase: 'close', run: async () => { await sleep(20); say('pool') } })`
  // The interval of the script would keep the event loop alive.
  const program = shutdownScript(`${pool}\n${body}`, options).replace(
    'setInterval(() => {}, 1000)',
    'const alive = setInterval(() => {}, 1000)',
  )
  const script = new Script(program)
  onTestFinished(() => void script.send('SIGKILL'))
  return script.says('ready')
}

const FLUSH = (
  name: string,
  event = 'SIGTERM',
) => `process.on('${event}', async function ${name}() {
  say('${name} begins')
  await sleep(500)
  say('${name} done')
})`

describe('while `others` is unset', () => {
  test('one warning names the listeners of others, and says what to do', async () => {
    const script = await start(
      `${FLUSH('telemetry')}
       process.once('SIGTERM', () => { setTimeout(() => say('late'), 500) })
       process.on('SIGINT', function other() { sleep(1) })`,
      '{}',
    )
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stdout: 'ready\ntelemetry begins\npool\n' })
    expect(ended.stderr).toBe(
      "lastcall: SIGTERM is also heard by 'telemetry', a listener without a name (() => { setTimeout(() => say('late'), 500) }): " +
        "the process exits when lastcall's hooks have ended, perhaps before they are done; " +
        "set signals: { others: 'after' } to let them finish, or 'beside' if they need no time\n",
    )
  })

  test('it comes once for several shutdowns, and not at a repeat', async () => {
    const script = await start(
      `${FLUSH('telemetry')}
       const other = createShutdown({ log: { format: 'text', level: 'warn' } })
       other.add({ name: 'slow', phase: 'close', run: async () => { process.kill(process.pid, 'SIGTERM'); await sleep(150) } })
       other.listen()`,
      '{}',
    )
    const { code, stderr } = await script.send('SIGTERM').ended
    expect(code).toBe(0)
    expect(stderr.match(/is also heard by/g)).toHaveLength(1)
  })

  test.each([
    ["others: 'beside'", FLUSH('telemetry'), `{ signals: { others: 'beside' } }`],
    [
      'exit: false',
      `${FLUSH('telemetry')}; shutdown.on('end', () => clearInterval(alive))`,
      '{ exit: false }',
    ],
    [
      'a listener that sets a flag',
      `let stopping; process.on('SIGTERM', () => { stopping = true })`,
      '{}',
    ],
    [
      'a listener that only closes a server',
      `const server = { close: (then) => {} }
       process.on('SIGTERM', () => { console.error; server.close(() => { say('closed'); process.exit(0) }) })`,
      '{}',
    ],
  ])('there is none with %s', async (_, body, options) => {
    const script = await start(body, options)
    expect((await script.send('SIGTERM').ended).stderr).toBe('')
  })

  test('there is none where a call begins the shutdown', async () => {
    const script = await start(
      `${FLUSH('telemetry')}
       process.on('SIGUSR2', () => shutdown.now())`,
      '{}',
    )
    const ended = await script.send('SIGUSR2').ended
    expect(ended).toMatchObject({ code: 0, stdout: 'ready\npool\n', stderr: '' })
  })
})

describe("with others: 'after'", () => {
  test('listeners are called when the last hook has ended, in their order, and promises are awaited', async () => {
    const script = await start(`
      ${FLUSH('first')}
      process.once('SIGTERM', async function (...args) {
        say('second ' + args + ' ' + (this === process))
        await sleep(10)
        say('second done')
      })
      queueMicrotask(() => process.on('SIGTERM', async () => { say('added later') }))`)
    const ended = await script.send('SIGTERM').ended
    expect(ended).toEqual({
      code: 0,
      signal: null,
      stdout:
        'ready\npool\nfirst begins\nsecond SIGTERM,15 true\nadded later\nsecond done\nfirst done\n',
      stderr: '',
    })
  })

  test('listeners that return no promise have until the event loop is empty', async () => {
    const script = await start(`
      process.on('SIGTERM', () => { clearInterval(alive); void sleep(300).then(() => say('done')) })
      const began = performance.now()
      process.on('exit', () => say(performance.now() - began < 1900 ? 'soon' : 'late'))`)
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stdout: 'ready\npool\ndone\nsoon\n', stderr: '' })
  })

  test('a promise is awaited also where the event loop has nothing to do', async () => {
    const script = await start(`
      process.on('SIGTERM', async () => {
        clearInterval(alive)
        await new Promise((resolve) => setTimeout(resolve, 200).unref())
        say('done')
      })`)
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stdout: 'ready\npool\ndone\n', stderr: '' })
  })

  test.each([
    ['othersWithin', `{ signals: { others: 'after', othersWithin: '50ms' } }`, 'ready\npool\n'],
    ['2 s by default', `{ signals: { others: 'after' } }`, 'ready\npool\nat 1.5 s\n'],
  ])('or for %s', async (_, options, stdout) => {
    const script = await start(
      `process.on('SIGTERM', () => {
        setTimeout(() => say('at 1.5 s'), 1500)
        setTimeout(() => say('at 3 s'), 3000)
      })`,
      options,
    )
    expect(await script.send('SIGTERM').ended).toMatchObject({ code: 0, stdout, stderr: '' })
  })

  test('each is called once, also where the signal is repeated and where there are two copies of the package', async () => {
    const script = await start(`
      import { createRequire } from 'node:module'
      const copy = createRequire(process.cwd() + '/x.js')('lastcall')
      if (copy.createShutdown === createShutdown) throw new Error('one copy only')
      const other = copy.createShutdown({ log: false, signals: { others: 'after' } })
      const run = async () => {
        process.kill(process.pid, 'SIGTERM')
        process.kill(process.pid, 'SIGINT')
        await sleep(150)
        say('slow')
      }
      other.add({ name: 'slow', phase: 'close', run })
      other.listen()
      ${FLUSH('telemetry')}
      process.listeners('SIGTERM').filter(({ name }) => name === 'telemetry').forEach((one) => process.on('SIGINT', one))`)
    const ended = await script.send('SIGTERM').ended
    const stdout = 'ready\npool\nslow\ntelemetry begins\ntelemetry done\n'
    expect(ended).toMatchObject({ code: 0, stdout, stderr: '' })
  })

  test('one that was removed during the shutdown is not called', async () => {
    const script = await start(`
      const gone = async () => { say('gone') }
      process.on('SIGTERM', gone)
      shutdown.add({ name: 'removes', phase: 'close', run: () => { process.off('SIGTERM', gone) } })`)
    expect(await script.send('SIGTERM').ended).toMatchObject({ code: 0, stdout: 'ready\npool\n' })
  })

  test('process.listeners() and diagnose() show the functions themselves', async () => {
    const script = await start(`
      import { diagnose } from 'lastcall'
      const leave = () => process.exit(0)
      process.on('SIGTERM', leave)
      process.once('SIGTERM', leave)
      setImmediate(() => {
        const { listeners, findings } = diagnose()
        say(process.listeners('SIGTERM').filter((one) => one === leave).length + ' ' +
          JSON.stringify(listeners[0].others) + findings.filter(({ id }) => id === 'listener-exits').length)
      })`)
    const others = JSON.stringify([
      { name: 'leave', exits: false },
      { name: 'leave', exits: false },
    ])
    await script.says(`2 ${others}0\n`)
  })

  test.each([
    ['a hook failed', `run() { throw new Error('boom') }`, 1],
    ['a hook was cut off', 'timeout: 20, run: () => new Promise(() => {})', 124],
    ['all hooks are done', 'run() {}', 0],
  ])('they are called too where %s, and process.exit(0) does not hide it', async (_, run, code) => {
    const script = await start(`
      shutdown.add({ name: 'one', phase: 'stop', ${run} })
      shutdown.on('exit', ({ exitCode }) => say('exit ' + exitCode))
      process.on('SIGTERM', async () => { await sleep(10); say('closed'); process.exit(0) })`)
    const stdout = `ready\npool\nclosed\nexit ${code}\n`
    expect(await script.send('SIGTERM').ended).toMatchObject({ code, stdout })
  })

  test('the code of their process.exit() counts after a clean shutdown', async () => {
    const script = await start(`process.on('SIGTERM', async () => process.exit(3))`)
    expect((await script.send('SIGTERM').ended).code).toBe(3)
  })

  test.each([
    ['throws', '', /^lastcall: uncaughtException: Error: boom\n/],
    ['rejects', 'async', /^lastcall: unhandledRejection: Error: boom\n/],
  ])('one that %s is a fault, and the next are called', async (_, how, stderr) => {
    const script = await start(`
      process.on('SIGTERM', ${how} () => { throw new Error('boom') })
      ${FLUSH('next')}`)
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 1, stdout: 'ready\npool\nnext begins\nnext done\n' })
    expect(ended.stderr).toMatch(stderr)
  })

  test('one that never settles is named at the deadline, and the code stays', async () => {
    const script = await start(
      `process.on('SIGTERM', function endless() { return new Promise(() => {}) })`,
      `{ grace: '1s', signals: { others: 'after' } }`,
    )
    const ended = await script.send('SIGTERM').ended
    expect(ended).toEqual({
      code: 0,
      signal: null,
      stdout: 'ready\npool\n',
      stderr:
        "lastcall: at the deadline, these listeners to signals were not done, and are lost: 'endless' (SIGTERM)\n",
    })
  })

  test('one that blocks the event loop is ended by the watchdog', async () => {
    const script = await start(
      `process.on('SIGTERM', () => { say('blocks'); for (;;) {} })`,
      `{ grace: '1s', signals: { others: 'after' } }`,
    )
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ signal: 'SIGKILL', stdout: 'ready\npool\nblocks\n' })
  })

  test('10 % of the time until the deadline is kept for them', async () => {
    const script = await start(
      `shutdown.add({ name: 'hung', phase: 'drain', run: ({ signal }) => new Promise(() => {}) })
       shutdown.on('end', ({ report }) => say(String(report.duration < 4500)))
       process.on('SIGTERM', async () => { await sleep(50); say('flushed') })`,
      `{ grace: '5500ms', margin: '500ms', signals: { others: 'after' } }`,
    )
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 124, stdout: 'ready\npool\ntrue\nflushed\n' })
  })

  test('with exit: false they are called at the end, and the process lives on', async () => {
    const script = await start(
      `process.on('SIGTERM', () => say('called'))
       process.on('SIGUSR2', () => say('alive'))`,
      `{ exit: false, signals: { others: 'after' } }`,
    )
    await script.send('SIGTERM').says('called')
    await script.send('SIGUSR2').says('alive')
    expect(script.stdout).toBe('ready\npool\ncalled\nalive\n')
  })

  test('what undoes listen() leaves others their listeners, as they were', async () => {
    const script = await start(`
      const listener = () => say('called at once')
      process.on('SIGUSR2', listener)
      process.once('SIGUSR2', listener)
      const before = process.rawListeners('SIGUSR2')
      const other = createShutdown({ signals: { on: ['SIGUSR2'], others: 'after' }, log: false })
      const unlisten = other.listen()
      unlisten()
      const after = process.rawListeners('SIGUSR2')
      say(String(after.length === 2 && after.every((one, index) => one === before[index])))`)
    await script.says('true')
    await script.send('SIGUSR2').says('called at once\ncalled at once')
  })
})
