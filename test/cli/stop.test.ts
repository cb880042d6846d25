import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  cli,
  deadPid,
  folder,
  listener,
  Process,
  skipped,
  statOf,
  until,
} from '../support/programs/command-line.ts'

const refused = process.getuid?.() === 0 ? undefined : 'needs root, to be another user'

const SECRET = 'hunter2'

const program = (signals: readonly string[], body?: string) =>
  new Process(listener(signals, body)).says('ready')

describe('lastcall stop', () => {
  test('sends SIGTERM, waits, says how it ended, and exits with 0', async () => {
    const run = await program(['SIGTERM'], 'setTimeout(() => process.exit(3), 200)')
    const stop = await cli(['stop', String(run.pid)]).ended
    expect(stop).toMatchObject({ code: 0, stderr: '' })
    const name = `process ${run.pid} (node)`
    expect(stop.stdout.replace(/\d+ ms\n$/, 'some time')).toBe(
      `SIGTERM to ${name}; SIGKILL in 10 s\nended by itself after some time`,
    )
    expect(await run.ended).toMatchObject({ code: 3, stdout: 'ready\nSIGTERM\n' })
  })

  test('sends nothing else while it waits', async () => {
    const run = await program(['SIGTERM', 'SIGINT', 'SIGHUP'], 'setTimeout(process.exit, 500)')
    expect((await cli(['stop', String(run.pid), '--grace', '5s']).ended).code).toBe(0)
    expect((await run.ended).stdout).toBe('ready\nSIGTERM\n')
  })

  test('kills at the end of the grace, and exits with 137', async () => {
    const run = await program(['SIGTERM'])
    const stop = await cli(['stop', String(run.pid), '--grace', '300ms']).ended
    expect(stop).toMatchObject({ code: 137, stderr: '' })
    expect(stop.stdout).toMatch(/\nkilled after \d+ ms: it had not ended 300 ms after SIGTERM\n$/)
    expect(await run.ended).toMatchObject({ signal: 'SIGKILL', stdout: 'ready\nSIGTERM\n' })
  })

  test.each(['QUIT', 'sigquit'])('sends another signal by --signal %s', async (name) => {
    const run = await program(['SIGQUIT'], 'process.exit()')
    const stop = await cli(['stop', String(run.pid), '--signal', name]).ended
    expect(stop).toMatchObject({ code: 0, stderr: '' })
    expect(stop.stdout).toMatch(/^SIGQUIT to process/)
    expect(await run.ended).toMatchObject({ code: 0, stdout: 'ready\nSIGQUIT\n' })
  })

  test('takes SIGKILL as the stop signal: it ended by that, with 0', async () => {
    const run = await program(['SIGTERM'])
    const stop = await cli(['stop', String(run.pid), '--signal', 'KILL']).ended
    expect(stop).toMatchObject({ code: 0, stderr: '' })
    expect((await run.ended).signal).toBe('SIGKILL')
  })

  test('takes a process that has ended and was not waited for as ended', async () => {
    // Its parent never waits for it.
    const script = `sleep 1000 & echo "$!"; exec sleep 1001`
    const parent = await new Process(['sh', '-c', script]).says('\n')
    const pid = String(Number(parent.stdout))
    await until(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n')
    expect((await cli(['stop', pid]).ended).code).toBe(0)
    expect((await cli(['stop', pid]).ended).code).toBe(3)
    await parent.send('SIGTERM').ended
  })

  test('names the program, and shows none of its arguments', async () => {
    const run = await new Process([...listener(['SIGTERM']), '--', `--password=${SECRET}`]).says(
      'ready',
    )
    const stop = await cli(['stop', String(run.pid), '--grace', '200ms']).ended
    expect(stop.stdout).toContain(`SIGTERM to process ${run.pid} (node);`)
    expect(stop.stdout + stop.stderr).not.toContain(SECRET)
    await run.ended
  })

  test('wakes no process that is stopped, and kills it', async () => {
    const run = (await program(['SIGTERM'])).send('SIGSTOP')
    expect((await cli(['stop', String(run.pid), '--grace', '200ms']).ended).code).toBe(137)
    await run.ended
  })
})

describe('lastcall stop of what is not there', () => {
  test('exits with 3 for a pid of no process', async () => {
    const pid = deadPid()
    const ended = await cli(['stop', String(pid)]).ended
    expect(ended).toMatchObject({
      code: 3,
      stdout: '',
      stderr: `lastcall: there is no process ${pid}\n`,
    })
  })

  test('exits with 3 for a stale pid file', async () => {
    const pid = deadPid()
    const ended = await cli(['stop', 'app.pid'], { cwd: folder({ 'app.pid': `${pid}\n` }) }).ended
    expect(ended).toMatchObject({
      code: 3,
      stdout: '',
      stderr: `lastcall: app.pid is stale: process ${pid} has ended without removing it\n`,
    })
  })

  test.each(['abc', '1e3', './4711'])(
    "takes '%s' for a pid file, and exits with 3",
    async (target) => {
      const ended = await cli(['stop', target], { cwd: folder() }).ended
      const stderr = `lastcall: there is no pid file ${target}\n`
      expect(ended).toMatchObject({ code: 3, stdout: '', stderr })
    },
  )

  test.each(['0', '00', '-5', '-- -5', '1.5', '010', '4294967297', '/', '', '1 2'])(
    'refuses %j with 125, in one line, and signals nobody',
    async (words) => {
      const ended = await cli(['stop', ...words.split(' ').filter(Boolean)]).ended
      expect(ended).toMatchObject({ code: 125, stdout: '' })
      expect(ended.stderr).toMatch(/^lastcall: .+\n$/)
    },
  )
})

describe('lastcall stop of a pid file', () => {
  test('stops the process that it names, with all that a wrapper does', async () => {
    const cwd = folder()
    const args = ['run', '--pidfile', 'app.pid', '--', ...listener(['SIGTERM'], 'process.exit(7)')]
    const run = await cli(args, { cwd }).says('ready')
    expect((await cli(['stop', 'app.pid'], { cwd }).ended).code).toBe(0)
    expect(await run.ended).toMatchObject({ code: 7, stdout: 'ready\nSIGTERM\n' })
    expect((await cli(['stop', 'app.pid'], { cwd }).ended).code).toBe(3)
  })

  test('may be named like a number: a file that there is comes first', async () => {
    const cwd = folder()
    const run = await program(['SIGTERM'], 'process.exit()')
    const name = String(deadPid())
    writeFileSync(join(cwd, name), `${run.pid}\n`)
    const stop = await cli(['stop', name], { cwd }).ended
    expect(stop.code).toBe(0)
    expect(stop.stdout).toContain(`SIGTERM to process ${run.pid} `)
    await run.ended
  })

  test.each(['', 'hello', '0', '-5', '1.5'])(
    "with '%s' in it is refused with 125",
    async (text) => {
      const ended = await cli(['stop', 'app.pid'], { cwd: folder({ 'app.pid': text }) }).ended
      expect(ended).toMatchObject({
        code: 125,
        stdout: '',
        stderr: 'lastcall: app.pid holds no pid: a single number was expected in its first line\n',
      })
    },
  )

  test('shows nothing of a file that is none', async () => {
    const { stderr } = await cli(['stop', '.env'], { cwd: folder({ '.env': `KEY=${SECRET}` }) })
      .ended
    expect(stderr).toMatch(/^lastcall: \.env holds no pid/)
    expect(stderr).not.toContain(SECRET)
  })

  test('kills all that a wrapper has started together with it', async () => {
    const cwd = folder()
    const script = `trap '' TERM; sleep 1000 & echo "pids $$ $!"; wait`
    const args = ['run', '--grace', '1m', '--pidfile', 'app.pid', '--', 'sh', '-c', script]
    const run = await cli(args, { cwd }).says(/pids \d+ \d+\n/)
    const pids = [...run.stdout.matchAll(/\d+/g)].map(Number)
    const stop = await cli(['stop', 'app.pid', '--grace', '200ms'], { cwd }).ended
    expect(stop.code).toBe(137)
    expect(stop.stdout).toMatch(/\nkilled after \d+ ms, with 2 of its descendants: /)
    expect((await run.ended).signal).toBe('SIGKILL')
    await until(() => pids.every((pid) => !statOf(pid)))
  })
})

describe('lastcall stop as another user', () => {
  test.skipIf(refused)(
    `exits with 4, says what to do, and the process goes on${skipped(refused)}`,
    async () => {
      const prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
      const run = await program(['SIGTERM', 'SIGINT'], 'process.exit()')
      const stop = await cli(['stop', String(run.pid), '--grace', '200ms'], { prefix }).ended
      expect(stop).toMatchObject({ code: 4, stdout: '' })
      expect(stop.stderr).toMatch(
        /^lastcall: no permission to signal process \d+ \(.+\): it belongs to another user; run this as that user, or as root\n$/s,
      )
      expect((await run.send('SIGINT').ended).stdout).toBe('ready\nSIGINT\n')
    },
  )
})
