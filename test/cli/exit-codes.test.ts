import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { cli, folder, lastcall, listener, node } from '../support/programs/command-line.ts'

const HARMLESS = [
  'SIGCHLD',
  'SIGCONT',
  'SIGSTOP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGWINCH',
]
const ALIASES = ['SIGIOT', 'SIGPOLL', 'SIGUNUSED']

/** Those that a process can catch, and SIGKILL. */
const DEADLY = Object.keys(constants.signals).filter(
  (name) => !HARMLESS.includes(name) && !ALIASES.includes(name),
)
const number = (signal: string) => constants.signals[signal as NodeJS.Signals]

describe('the exit code of one program', () => {
  test.each([0, 7, 255])('%i is returned as it is', async (code) => {
    const ended = await cli(['run', '--', 'sh', '-c', `exit ${code}`]).ended
    expect(ended).toEqual({ code, signal: null, stdout: '', stderr: '' })
  })

  test('is 128 + its number, whichever signal has ended it', async () => {
    expect(DEADLY.length).toBeGreaterThan(15)
    const endings = DEADLY.map(async (signal) => {
      const script = `ulimit -c 0; kill -${number(signal)} $$`
      const { code, stderr } = await cli(['run', '--', 'sh', '-c', script]).ended
      return { signal, code, stderr }
    })
    const expected = DEADLY.map((signal) => ({ signal, code: 128 + number(signal), stderr: '' }))
    expect(await Promise.all(endings)).toEqual(expected)
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)(
    'is 128 + its number where it was ended by a %s that was passed on',
    async (signal) => {
      const run = cli(['run', '--', 'sh', '-c', 'ulimit -c 0; echo ready; exec sleep 1000'])
      const ended = await (await run.says('ready')).send(signal).ended
      expect(ended).toEqual({
        code: 128 + number(signal),
        signal: null,
        stdout: 'ready\n',
        stderr: '',
      })
    },
  )

  test('is returned where it ends as it likes after the stop signal, without a comment', async () => {
    const run = cli(['run', '--', ...listener(['SIGTERM'], 'process.exit(7)')])
    const ended = await (await run.says('ready')).send('SIGTERM').ended
    expect(ended).toEqual({ code: 7, signal: null, stdout: 'ready\nSIGTERM\n', stderr: '' })
  })
})

describe('a program that cannot be started', () => {
  test.each([
    ['is in no folder of PATH', 'no-such-program', 'it is not in any folder of PATH'],
    ['is no file', './no/such/program', 'there is no such file'],
  ])('gives 127 where it %s', async (_, program, why) => {
    const ended = await cli(['run', '--', program]).ended
    expect(ended).toMatchObject({ code: 127, stdout: '' })
    expect(ended.stderr).toBe(`lastcall: cannot be started: '${program}' was not found, ${why}\n`)
  })

  test('gives 126 where it is a folder, or may not be executed', async () => {
    const path = folder({ 'plain.txt': 'hello' })
    for (const program of [path, join(path, 'plain.txt')]) {
      const ended = await cli(['run', '--', program]).ended
      expect(ended).toMatchObject({ code: 126, stdout: '' })
      expect(ended.stderr).toMatch(/^lastcall: cannot be started: .+\n$/)
    }
  })

  test('leaves no pid file', async () => {
    const path = folder()
    const ended = await cli(['run', '--pidfile', 'p', '--', 'sh', '-c', 'head -n 1 p'], {
      cwd: path,
    }).ended
    expect(ended.stdout).toMatch(/^\d+\n$/)
    const args = ['run', '--pidfile', 'p', '--', 'no-such-program']
    expect((await cli(args, { cwd: path }).ended).code).toBe(127)
    expect((await cli(['run', '--', 'ls'], { cwd: path }).ended).stdout).toBe('')
  })
})

const LIBRARY = fileURLToPath(new URL('../../dist/index.cjs', import.meta.url))

describe('the grace', () => {
  test.each(['101ms', '150ms'])('of %s starts an application of the library', async (grace) => {
    const code = `
      const { createShutdown } = require(${JSON.stringify(LIBRARY)})
      const shutdown = createShutdown({ log: false })
      shutdown.add({ name: 'a', phase: 'close', run() {} })
      shutdown.listen()
      console.log('started')
      shutdown.now()`
    const ended = await cli(['run', '--grace', grace, '--', ...node(code)]).ended
    expect(ended).toMatchObject({ code: 0, stdout: 'started\n', stderr: '' })
  })

  test('ends with SIGKILL for a program that hangs, which is told, and gives 137', async () => {
    const run = cli(['run', '--grace', '600ms', '--', ...listener(['SIGTERM'])])
    const ended = await (await run.says('ready')).send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 137, signal: null, stdout: 'ready\nSIGTERM\n' })
    expect(ended.stderr).toMatch(
      /^lastcall: hook 'node' \(stop\) was cut off after \d+ ms\n {2}killed: child 'node' \(pid \d+\), \d+ ms after SIGTERM\n {2}the event loop is kept going by 1 ProcessWrap\nlastcall: shutdown cut off after \d+ ms: 0 hooks done, 1 cut off\n$/,
    )
  })

  test('does not begin with a signal that means no end', async () => {
    const run = cli(['run', '--grace', '300ms', '--', ...listener(['SIGHUP', 'SIGTERM'])])
    await (await run.says('ready')).send('SIGHUP').says('SIGHUP')
    // Longer than the grace is what is tried here.
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(run.child.exitCode).toBeNull()
    expect((await run.send('SIGTERM').ended).code).toBe(137)
  })

  test.each([
    ['1s', '900'],
    ['10s', '9750'],
    ['1m', '59750'],
    ['101ms', '51'],
  ])('of %s leaves the program %s ms, which it finds in LASTCALL_GRACE', async (grace, granted) => {
    const ended = await cli([
      'run',
      '--grace',
      grace,
      '--',
      ...node('console.log(process.env.LASTCALL_GRACE)'),
    ]).ended
    expect(ended).toMatchObject({ code: 0, stdout: `${granted}\n`, stderr: '' })
  })

  test('is what the wrapper itself is granted by a wrapper around it', async () => {
    const inner = ['run', '--', ...node('console.log(process.env.LASTCALL_GRACE)')]
    const { stdout } = await cli(['run', '--grace', '5s', '--', ...lastcall(...inner)]).ended
    expect(Number(stdout)).toBeGreaterThan(4000)
    expect(Number(stdout)).toBeLessThan(4750)
  })

  test('is known to a program with this library, whose own deadline comes before the SIGKILL', async () => {
    const code = `
      const { createShutdown } = require('lastcall')
      const shutdown = createShutdown({ log: { format: 'text', level: 'warn' } })
      shutdown.add({ name: 'hung', phase: 'drain', run: () => new Promise(() => {}) })
      shutdown.listen()
      setInterval(() => {}, 1000)
      console.log('ready')
    `
    const run = cli(['run', '--grace', '3s', '--', ...node(code)])
    const ended = await (await run.says('ready')).send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 124, signal: null })
    expect(ended.stderr).toMatch(
      /^lastcall: hook 'hung' \(drain\) was cut off after [\d.]+ s\n {2}the event loop is kept going by .*\nlastcall: shutdown cut off after [\d.]+ s: 0 hooks done, 1 cut off\nlastcall: exiting with code 124 \(hook 'hung' was cut off\)\n$/,
    )
  })
})
