import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { refusalOf, skipped } from '../support/programs/command-line.ts'
import { folder } from '../support/programs/programs.ts'
import { Script, shutdownScript } from '../support/programs/script.ts'

type Line = Record<string, unknown> & { msg: string }

const linesOf = (text: string): Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** What the application logs itself, at the very end: more than a pipe, or what is shared with a thread, takes at once. */
const MUCH = 5000
const logsMuch = `
  shutdown.add({ name: 'last words', phase: 'close', run: () => {
    for (let n = 0; n < ${MUCH}; n++) logger.info({ n }, 'the application has something to say, and takes its time for it')
  } })
`

async function ended(logger: string, options = '') {
  const body = shutdownScript(logsMuch, `{ log: logger, ${options} }`)
  const script = new Script(`import { pino } from 'pino'\n${logger}\n${body}`)
  await script.says('ready')
  return script.send('SIGTERM').ended
}

function expectAll(text: string): void {
  const lines = linesOf(text)
  const own = lines.filter(({ n }) => n !== undefined)
  expect(own.map(({ n }) => n)).toEqual(Array.from({ length: MUCH }, (_, n) => n))
  expect(lines.filter(({ event }) => event).map(({ event, level }) => [event, level])).toEqual([
    ['start', 30],
    ['hook:end', 30],
    ['end', 30],
    ['exit', 30],
  ])
  expect(lines.at(-1)).toMatchObject({
    event: 'exit',
    exitCode: 0,
    msg: 'lastcall: exiting with code 0',
  })
}

describe('what is logged at exit arrives', () => {
  test('on stderr, as lines of JSON where that is a pipe', async () => {
    const script = new Script(
      shutdownScript(
        `shutdown.add({ name: 'bad', phase: 'drain', run() { throw new TypeError('boom') } })`,
        `{ log: undefined }`,
      ),
    )
    const { code, stderr } = await (await script.says('ready')).send('SIGTERM').ended
    expect(code).toBe(1)
    const lines = linesOf(stderr)
    expect(lines.map(({ event, level, name, pid }) => [event, level, name, pid])).toEqual([
      ['start', 'info', 'lastcall', script.child.pid],
      ['hook:end', 'error', 'lastcall', script.child.pid],
      ['end', 'error', 'lastcall', script.child.pid],
      ['exit', 'error', 'lastcall', script.child.pid],
    ])
    expect(lines[1]).toMatchObject({
      hook: 'bad',
      phase: 'drain',
      status: 'failed',
      err: { type: 'TypeError', message: 'boom' },
      msg: expect.stringMatching(/^hook 'bad' \(drain\) failed: TypeError: boom\n +at .*run/),
    })
  })

  test('without a warning, at the level debug, where a server with clients is drained in a normal deploy', async () => {
    const script = new Script(
      `import http from 'node:http'
       import { healthChecks, httpServer } from 'lastcall/http'
       ${shutdownScript(
         `const health = healthChecks()
          const server = http.createServer((request, response) => health(request, response) || setTimeout(() => response.end("hello"), 100))
          shutdown.add(httpServer(server, { health }))
          await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
          const agent = new http.Agent({ keepAlive: true })
          const get = (path) => new Promise((resolve) => {
            http.get({ port: server.address().port, agent, path }, (response) => response.resume().on('end', resolve))
          })
          await Promise.all([get('/'), get('/'), get('/readyz')])
          get('/').then(() => say('answered'))
          server.once('request', () => say('in flight'))`,
         `{ log: { format: 'json', level: 'debug' } }`,
       )}`,
    )
    const { code, stdout, stderr } = await (await script.says('in flight')).send('SIGTERM').ended
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('answered') })
    const lines = linesOf(stderr)
    expect(new Set(lines.map(({ level }) => level))).toEqual(new Set(['debug', 'info']))
  })

  test('by the console as text, all of it on stderr', async () => {
    const script = new Script(
      shutdownScript(
        `shutdown.add({ name: 'pool', phase: 'close', run: () => {} })`,
        '{ log: console }',
      ),
    )
    const { code, stdout, stderr } = await (await script.says('ready')).send('SIGTERM').ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ready\n' })
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^lastcall: SIGTERM: shutting down; /),
      expect.stringMatching(/^lastcall: hook 'pool' \(close\) done in /),
      expect.stringMatching(/^lastcall: shutdown complete in /),
      'lastcall: exiting with code 0',
      '',
    ])
  })

  test('by pino, with the levels of what went wrong', async () => {
    const script = new Script(`
      import { pino } from 'pino'
      ${shutdownScript(
        `shutdown.add({ name: 'kafka', phase: 'flush', timeout: 50, run: ({ note }) => {
           note('3 of 7 sent', 'warn')
           return new Promise(() => {})
         } })`,
        `{ log: pino(pino.destination({ dest: 1, sync: true })) }`,
      )}
    `)
    const { code, stdout } = await (await script.says('ready')).send('SIGTERM').ended
    expect(code).toBe(124)
    const lines = linesOf(stdout.replace('ready\n', ''))
    expect(lines.map(({ event, level }) => [event, level])).toEqual([
      ['start', 30],
      ['hook:note', 40],
      ['hook:end', 50],
      ['end', 50],
      ['exit', 50],
    ])
    expect(lines.at(-1)).toMatchObject({
      exitCode: 124,
      outcome: 'cut off',
      because: "hook 'kafka' was cut off",
      msg: "lastcall: exiting with code 124 (hook 'kafka' was cut off)",
    })
  })

  test('by pino, whose destination writes at once', async () => {
    const { code, stdout } = await ended('const logger = pino()')
    expect(code).toBe(0)
    expectAll(stdout.replace('ready\n', ''))
  })

  test.each([
    ['writes when it can', ''],
    ['gathers before it writes', ', minLength: 4096'],
  ])('by pino, whose destination %s', async (_, more) => {
    const file = join(folder(), 'log')
    const destination = `{ dest: ${JSON.stringify(file)}, sync: false${more} }`
    const { code } = await ended(`const logger = pino(pino.destination(${destination}))`)
    expect(code).toBe(0)
    expectAll(readFileSync(file, 'utf8'))
  })

  test.each([
    ['a file', true],
    ['stdout', false],
  ])('by pino, whose transport writes to %s from a thread', async (_, toFile) => {
    const file = join(folder(), 'log')
    const destination = toFile ? JSON.stringify(file) : '1'
    const { code, stdout } = await ended(
      `const logger = pino(pino.transport({ target: 'pino/file', options: { destination: ${destination} } }))`,
    )
    expect(code).toBe(0)
    expectAll(toFile ? readFileSync(file, 'utf8') : stdout.replace('ready\n', ''))
  })

  test('by pino in a thread, where it listens to no exit of its own', async () => {
    const file = join(folder(), 'log')
    const thread = `
      import { pino } from 'pino'
      import { parentPort } from 'node:worker_threads'
      import { createShutdown } from 'lastcall'
      const logger = pino(pino.destination({ dest: ${JSON.stringify(file)}, sync: false, minLength: 4096 }))
      const shutdown = createShutdown({ log: logger })
      ${logsMuch}
      parentPort.once('message', () => shutdown.now())
    `
    const script = new Script(`
      import { Worker } from 'node:worker_threads'
      const url = 'data:text/javascript,' + encodeURIComponent(${JSON.stringify(thread)}
        .replace(/from '([a-z]+)'/g, (_, name) => "from '" + import.meta.resolve(name) + "'"))
      new Worker(new URL(url)).postMessage('end')
    `)
    expect(await script.ended).toMatchObject({ code: 0, stderr: '' })
    expectAll(readFileSync(file, 'utf8'))
  })

  test('by pino with its type and its stack, where a hook fails, and last where the application exits', async () => {
    const script = new Script(
      `import { pino } from 'pino'
       const logger = pino(pino.destination({ dest: 2, sync: false }))
       ${shutdownScript(
         `shutdown.add({ name: 'bad', phase: 'drain', run() { throw new TypeError('boom', { cause: new RangeError('inner') }) } })
          shutdown.add({ name: 'rash', phase: 'flush', run: () => process.exit(0) })`,
         `{ log: logger }`,
       )}`,
    )
    const { code, stderr } = await (await script.says('ready')).send('SIGTERM').ended
    expect(code).toBe(1)
    // pino writes a fatal line at once, also past one that is being written.
    const lines = linesOf(stderr)
    const lineOf = (event: string) => lines.find((line) => line.event === event)
    expect(lineOf('hook:end')).toMatchObject({
      level: 50,
      event: 'hook:end',
      err: {
        type: 'TypeError',
        message: expect.stringMatching(/^boom/),
        stack: expect.stringMatching(/^TypeError: boom\n +at [\s\S]*RangeError: inner/),
      },
    })
    expect(lineOf('exit:early')).toMatchObject({ level: 60, lost: ['rash'] })
  })

  test('a flush that never calls back holds the exit no longer than the margin', async () => {
    const script = new Script(
      shutdownScript(
        '',
        `{ grace: '5s', margin: '300ms', log: { info() {}, warn() {}, error() {}, flush() {} } }`,
      ),
    )
    await script.says('ready')
    const began = performance.now()
    const { code } = await script.send('SIGTERM').ended
    expect(code).toBe(0)
    expect(performance.now() - began).toBeGreaterThan(250)
    expect(performance.now() - began).toBeLessThan(1500)
  })
})

const refused = refusalOf('script', '-qec', 'true', '/dev/null')

test.skipIf(refused)(`on a terminal it is text${skipped(refused)}`, async () => {
  const code = shutdownScript(
    `shutdown.add({ name: 'pool', phase: 'close', run: () => setTimeout(() => {}) })
     setImmediate(() => shutdown.now('test'))`,
    `{ grace: '10s', log: undefined }`,
  )
  const file = join(folder(), 'app.mjs')
  writeFileSync(file, code.replace(/'lastcall'/, `'${import.meta.resolve('lastcall')}'`))
  const terminal = spawn('script', ['-qec', `exec '${process.execPath}' '${file}'`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  terminal.stdout.on('data', (chunk) => {
    text += chunk
  })
  await once(terminal, 'close')
  expect(text.replaceAll('\r', '').split('\n')).toEqual([
    'ready',
    expect.stringMatching(
      /^lastcall: now\('test'\): shutting down; deadline 9 s \(grace 10 s, set by the application\)/,
    ),
    expect.stringMatching(/^lastcall: hook 'pool' \(close\) done in \d+ ms$/),
    expect.stringMatching(/^lastcall: shutdown complete in \d+ ms: 1 hook done$/),
    'lastcall: exiting with code 0',
    '',
  ])
})

test('a reader of stderr that has gone breaks nothing, nor a stderr that was closed before', async () => {
  const gone = new Script(
    shutdownScript(
      `shutdown.add({ name: 'pool', phase: 'close', run: () => say('closed') })`,
      '{ log: undefined }',
    ),
  )
  await gone.says('ready')
  gone.child.stderr?.destroy()
  expect(await gone.send('SIGTERM').ended).toMatchObject({ code: 0, stdout: 'ready\nclosed\n' })

  const closed = new Script(shutdownScript('', '{ log: undefined }'), {
    prefix: ['sh', '-c', 'exec "$@" 2>&-', 'sh'],
  })
  await closed.says('ready')
  expect(await closed.send('SIGTERM').ended).toMatchObject({ code: 0, stdout: 'ready\n' })
})

describe('two copies of the package in one process', () => {
  const copies = (hooks: string, name = '', options = '') =>
    shutdownScript(
      `import { createRequire } from 'node:module'
       const copy = createRequire(process.cwd() + '/x.js')('lastcall')
       if (copy.createShutdown === createShutdown) throw new Error('one copy only')
       const other = copy.createShutdown({ grace: '5s', log: 'text', ${name} ${options} })
       ${hooks}
       shutdown.on('start', () => say('started'))
       shutdown.on('repeat', ({ signal, samePress }) => say('repeat ' + signal + ' ' + samePress))
       other.listen()`,
      `{ grace: '10s', log: 'text', ${options} }`,
    )

  test('say which one speaks, and the code and its cause once', async () => {
    const script = new Script(
      copies(
        `shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
         other.add({ name: 'kafka', phase: 'flush', timeout: 300, run: () => new Promise(() => {}) })`,
        `name: 'telemetry'`,
      ),
    )
    const { code, stdout, stderr } = await (await script.says('ready')).send('SIGTERM').ended
    expect({ code, stdout }).toEqual({ code: 124, stdout: 'ready\nstarted\n' })
    const lines = stderr.split('\n').filter((line) => line.startsWith('lastcall'))
    expect(lines.map((line) => line.replace(/\d+ ms/, '… ms'))).toEqual([
      expect.stringMatching(/^lastcall\[2\]: SIGTERM: shutting down; deadline 9 s /),
      expect.stringMatching(/^lastcall\[telemetry\]: shutting down too; deadline 4.5 s /),
      "lastcall[2]: hook 'pool' (close) done in … ms",
      'lastcall[2]: shutdown complete in … ms: 1 hook done',
      "lastcall[telemetry]: hook 'kafka' (flush) was cut off after … ms",
      'lastcall[telemetry]: shutdown cut off after … ms: 0 hooks done, 1 cut off',
      "lastcall: exiting with code 124 (hook 'kafka' was cut off)",
    ])
  })

  test('say a repeat and a forced exit once, with what both lose', async () => {
    const script = new Script(
      copies(
        `shutdown.add({ name: 'http', phase: 'drain', run: () => new Promise(() => {}) })
         other.add({ name: 'kafka', phase: 'flush', run: () => new Promise(() => {}) })
         other.add({ name: 'files', phase: 'close', run: () => {} })`,
        '',
        'signals: { samePressWithin: 0 }',
      ),
    )
    await (await script.says('ready')).send('SIGINT').says('started')
    await script.send('SIGTERM').says('repeat SIGTERM false')
    const { code, stderr } = await script.send('SIGINT').ended
    expect(code).toBe(130)
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^lastcall\[[12]\]: SIGINT: shutting down;/),
      expect.stringMatching(/^lastcall\[[12]\]: shutting down too;/),
      'lastcall: SIGTERM during the shutdown: already shutting down',
      expect.stringMatching(
        /^lastcall: SIGINT again: exiting at once with code 130 \(hooks '(http|kafka)' and '(http|kafka)' were cut off; hook 'files' never ran\)$/,
      ),
    ])
  })
})
