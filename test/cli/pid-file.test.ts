import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { claimPidFile, processOfPidFile } from '../../src/cli/pid-file.ts'
import { bootId, isAlive, startTimeOf } from '../../src/cli/process-table.ts'
import { descendantsOf } from '../../src/runtime/proc-stat.ts'
import { cli, deadPid, folder, Process, pidIn, until } from '../support/programs/command-line.ts'

const isRoot = process.getuid?.() === 0
const HELD =
  /^lastcall: app\.pid belongs to process \d+, which is running: stop it first \(lastcall stop app\.pid\), or use another --pidfile\n$/

/** Runs with a pid file in this folder. */
function start(cwd: string, ...program: readonly string[]): Process {
  const words = program.length === 0 ? ['head', '-n', '1', 'app.pid'] : program
  return cli(['run', '--pidfile', 'app.pid', '--', ...words], { cwd })
}

/** A wrapper that has its pid file, and runs until its stdin ends. */
async function holder(cwd: string): Promise<Process> {
  const args = ['run', '--pidfile', 'app.pid', '--', 'sh', '-c', 'echo ready; exec cat']
  return cli(args, { cwd, stdio: ['pipe', 'pipe', 'pipe'] }).says('ready')
}

describe('a pid file', () => {
  test('holds the pid of the wrapper and when it started, and is gone at the end', async () => {
    const cwd = folder()
    const run = await holder(cwd)
    const file = readFileSync(join(cwd, 'app.pid'), 'utf8')
    expect(file).toBe(`${run.pid}\nstart=${startTimeOf(run.pid)} boot=${bootId()}\n`)
    run.child.stdin?.end()
    expect(await run.ended).toMatchObject({ code: 0, stderr: '' })
    expect(readdirSync(cwd)).toEqual([])
  })

  test.each(['sh', 'bash'])(
    'gives %s the pid and no other, by its first line or as a whole',
    async (shell) => {
      const cwd = folder()
      const first = await holder(cwd)
      const script =
        'head -n 1 app.pid; for word in $(cat app.pid); do case $word in *[!0-9]*) ;; *) echo $word; esac; done'
      const { stdout } = await new Process([shell, '-c', script], { cwd }).ended
      expect(stdout).toBe(`${first.pid}\n${first.pid}\n`)
      first.child.stdin?.end()
      await first.ended
    },
  )

  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)(
    'is gone after an end by %s, too',
    async (signal) => {
      const cwd = folder()
      const run = await start(cwd, 'sh', '-c', 'ulimit -c 0; ls; exec sleep 1000').says('app.pid')
      await run.send(signal).ended
      expect(readdirSync(cwd)).toEqual([])
    },
  )

  test('is gone after a kill at the limit', async () => {
    const cwd = folder()
    const args = ['run', '--grace', '300ms', '--pidfile', 'app.pid', '--']
    const run = cli([...args, 'sh', '-c', `trap '' TERM; ls; exec sleep 1000`], { cwd })
    expect((await (await run.says('app.pid')).send('SIGTERM').ended).code).toBe(137)
    expect(readdirSync(cwd)).toEqual([])
  })

  test('refuses a second start with 125 while the first runs, and is left as it is', async () => {
    const cwd = folder()
    const first = await holder(cwd)
    const ended = await start(cwd, 'touch', 'started').ended
    expect(ended).toMatchObject({ code: 125, stdout: '' })
    expect(ended.stderr).toMatch(HELD)
    expect(pidIn(join(cwd, 'app.pid'))).toBe(first.pid)
    first.child.stdin?.end()
    expect((await first.ended).code).toBe(0)
    expect(readdirSync(cwd)).toEqual([])
  })

  test('goes to exactly one of twenty that start at once, also over a stale one', async () => {
    for (let round = 0; round < 3; round++) {
      const cwd = folder(round % 2 === 0 ? {} : { 'app.pid': `${deadPid()}\n` })
      const options = { cwd, stdio: ['pipe', 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe'] }
      const runs = Array.from({ length: 20 }, () =>
        cli(['run', '--pidfile', 'app.pid', '--', 'cat'], options),
      )
      let open = runs.length
      for (const run of runs) run.child.once('exit', () => open--)
      await until(() => open <= 1)
      for (const run of runs) run.child.stdin?.end()
      const ended = await Promise.all(runs.map((run) => run.ended))
      expect(ended.map(({ code }) => code).sort()).toEqual([0, ...Array(19).fill(125)])
      for (const { code, stderr } of ended) expect(stderr).toMatch(code === 0 ? /^$/ : HELD)
      expect(readdirSync(cwd)).toEqual([])
    }
  })

  test('of a wrapper that was killed stays, and is not in the way of the next', async () => {
    const cwd = folder()
    const first = await holder(cwd)
    first.send('SIGKILL')
    first.child.stdin?.end()
    await first.ended
    expect(pidIn(join(cwd, 'app.pid'))).toBe(first.pid)
    const next = start(cwd)
    expect(await next.ended).toMatchObject({ code: 0, stdout: `${next.pid}\n`, stderr: '' })
    expect(readdirSync(cwd)).toEqual([])
  })

  test.each([
    ['of a process that has ended', () => `${deadPid()}\n`],
    ['that is empty', () => ''],
    ['with a word in it', () => 'hello\n'],
    ['with 0 in it', () => '0\n'],
    ['with a negative number in it', () => '-1\n'],
    ['with a number that no process can have', () => '4294967297\n'],
    ['with bytes that are no text', () => '\u0000\uffff'],
  ])('%s is not in the way', async (_, content) => {
    const cwd = folder({ 'app.pid': content() })
    const run = start(cwd)
    expect(await run.ended).toMatchObject({ code: 0, stdout: `${run.pid}\n`, stderr: '' })
    expect(readdirSync(cwd)).toEqual([])
  })

  test('is not in the way where another program has got its number', async () => {
    const cwd = folder({ 'app.pid': `${process.pid}\n` })
    const run = start(cwd)
    expect(await run.ended).toMatchObject({ code: 0, stdout: `${run.pid}\n`, stderr: '' })
  })

  test('is in the way where its pid is that of any lastcall that runs', async () => {
    const other = await cli(['run', '--', 'sh', '-c', 'echo ready; exec sleep 1000']).says('ready')
    const ended = await start(folder({ 'app.pid': `${other.pid}\n` })).ended
    expect(ended).toMatchObject({ code: 125, stdout: '' })
    expect(ended.stderr).toContain(`app.pid belongs to process ${other.pid}, which is running`)
    await other.send('SIGTERM').ended
  })

  test('is left alone at the end where it has become the one of another', async () => {
    const cwd = folder()
    const run = start(cwd, 'sh', '-c', `echo ${process.pid} > app.pid`)
    expect((await run.ended).code).toBe(0)
    expect(readFileSync(join(cwd, 'app.pid'), 'utf8')).toBe(`${process.pid}\n`)
  })

  test('that somebody has removed is no trouble at the end', async () => {
    const cwd = folder()
    expect(await start(cwd, 'rm', 'app.pid').ended).toMatchObject({ code: 0, stderr: '' })
  })

  test.each([
    ['is a folder', 'folder'],
    ['is in no folder', 'none/app.pid'],
  ])('that %s is refused with 125, in one line, before anything is started', async (_, path) => {
    const cwd = folder()
    mkdirSync(join(cwd, 'folder'))
    const before = readdirSync(cwd)
    const run = cli(['run', '--pidfile', path, '--', 'touch', 'started'], { cwd })
    const ended = await run.ended
    expect(ended.code).toBe(125)
    expect(ended.stderr).toMatch(/^lastcall: the pid file \S+ cannot be written: .+\n$/)
    expect(readdirSync(cwd)).toEqual(before)
  })

  test.skipIf(!isRoot)(
    `in a folder that may not be written to is refused${isRoot ? '' : ' (skipped: needs root, to be another user)'}`,
    async () => {
      const prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
      const cwd = folder()
      chmodSync(cwd, 0o755)
      const run = cli(['run', '--pidfile', 'app.pid', '--', 'true'], { cwd, prefix })
      const ended = await run.ended
      expect(ended.code).toBe(125)
      expect(ended.stderr).toMatch(
        /^lastcall: the pid file app\.pid cannot be written: EACCES.+\n$/,
      )
    },
  )
})

describe('claimPidFile()', () => {
  test('takes a file that holds its own pid, as after a restart of a container', () => {
    const path = join(folder({ pid: `${process.pid}` }), 'pid')
    claimPidFile(path)()
    expect(existsSync(path)).toBe(false)
  })

  test('removes only what is its own', () => {
    const path = join(folder(), 'pid')
    const remove = claimPidFile(path)
    writeFileSync(path, `${process.ppid}\n`)
    remove()
    expect(existsSync(path)).toBe(true)
  })
})

describe('processOfPidFile()', () => {
  test('reads a pid, with whatever space there is around it', () => {
    const path = join(folder({ pid: ` ${process.pid}\r\n` }), 'pid')
    expect(processOfPidFile(path)).toEqual({ pid: process.pid, start: undefined })
  })

  test.each(['', '0', '-5', '1.5', '0x10', '1e3', '12 13', '12\n13', 'abc', '007', '4294967297'])(
    "refuses '%s'",
    (text) => {
      const path = join(folder({ pid: text }), 'pid')
      expect(() => processOfPidFile(path)).toThrow(
        `${path} holds no pid: a single number was expected in its first line`,
      )
    },
  )
})

describe('the table of processes', () => {
  test('does not count what has ended and was not waited for', async () => {
    // The shell has become a program that waits for nobody.
    const run = await new Process(['sh', '-c', 'sleep 1000 & echo $!; exec sleep 1001']).says('\n')
    const pid = Number(run.stdout)
    await until(() => readFileSync(`/proc/${run.pid}/comm`, 'utf8') === 'sleep\n')
    process.kill(pid, 'SIGKILL')
    await until(() => !isAlive(pid))
    expect(existsSync(`/proc/${pid}`)).toBe(true)
    await run.send('SIGTERM').ended
  })

  test('tells one process from the next by when it began', async () => {
    const run = await new Process(['sh', '-c', 'echo ready; exec sleep 1000']).says('ready')
    const began = startTimeOf(run.pid)
    expect(began).toMatch(/^\d+$/)
    expect(startTimeOf(run.pid)).toBe(began)
    expect(startTimeOf(process.pid)).not.toBe(began)
    await run.send('SIGTERM').ended
    expect(startTimeOf(run.pid)).toBeUndefined()
  })

  test('tells what a process has started, and what that has', async () => {
    const script = 'sh -c "sleep 1000 & echo \\$!; wait" & echo $!; wait'
    const run = await new Process(['sh', '-c', script], { detached: true }).says(/\d+\n\d+\n/)
    const pids = run.stdout.trim().split('\n').map(Number)
    expect([...descendantsOf(run.pid)].sort()).toEqual(
      pids.sort().map((pid) => [pid, startTimeOf(pid)]),
    )
    process.kill(-run.pid, 'SIGKILL')
    await run.ended
    expect(descendantsOf(run.pid).size).toBe(0)
  })

  test('counts a process of another user', () => {
    expect(isAlive(1)).toBe(true)
  })
})
