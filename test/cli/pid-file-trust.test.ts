import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readFileSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { claimPidFile } from '../../src/cli/pid-file.ts'
import { bootId, startTimeOf } from '../../src/cli/process-table.ts'
import {
  cli,
  folder,
  lastcall,
  listener,
  Process,
  refusalOf,
  skipped,
} from '../support/programs/command-line.ts'

const isRoot = process.getuid?.() === 0
const NOBODY = 65534
const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
const needsRoot = isRoot ? '' : ' (skipped: needs root, to be another user)'

/** A program that has nothing to do with lastcall, and prints the signals that it gets. */
const stranger = () => new Process(listener(['SIGTERM', 'SIGINT'], 'process.exit()')).says('ready')

/** Stops by this file, which must not reach the process. */
async function refusedFor(run: Process, cwd: string): Promise<{ code: number; stderr: string }> {
  const { code, stdout, stderr } = await cli(['stop', 'app.pid', '--grace', '200ms'], { cwd }).ended
  expect(stdout).toBe('')
  expect((await run.send('SIGINT').ended).stdout).toBe('ready\nSIGINT\n')
  return { code: code ?? -1, stderr }
}

describe('lastcall stop of a pid file whose pid belongs to another process now', () => {
  test('refuses it with 3: the process started at another time', async () => {
    const run = await stranger()
    const start = Number(startTimeOf(run.pid)) - 1
    const cwd = folder({ 'app.pid': `${run.pid}\nstart=${start} boot=${bootId()}\n` })
    expect(await refusedFor(run, cwd)).toEqual({
      code: 3,
      stderr: `lastcall: app.pid is stale: process ${run.pid} (node) started at another time than the file says, so it is another one that has got the pid; remove the file, or stop that process by its pid\n`,
    })
  })

  test('refuses it with 3 after a restart of the system, where the times may be the same', async () => {
    const run = await stranger()
    const cwd = folder({ 'app.pid': `${run.pid}\nstart=${startTimeOf(run.pid)} boot=0-0\n` })
    const { code, stderr } = await refusedFor(run, cwd)
    expect(code).toBe(3)
    expect(stderr).toContain('(node) started after the system was restarted')
  })

  test('refuses a file of another program that is older than the process', async () => {
    const run = await stranger()
    const cwd = folder({ 'app.pid': `${run.pid}\n` })
    const before = Date.now() / 1000 - 60
    utimesSync(join(cwd, 'app.pid'), before, before)
    const { code, stderr } = await refusedFor(run, cwd)
    expect(code).toBe(3)
    expect(stderr).toContain('(node) started after the file was written')
  })

  test('stops what a file of its own or a newer one of another program names', async () => {
    for (const second of ['', `start=${'%'} boot=${bootId()}\n`]) {
      const run = await stranger()
      const text = `${run.pid}\n${second.replace('%', String(startTimeOf(run.pid)))}`
      const stop = await cli(['stop', 'app.pid'], { cwd: folder({ 'app.pid': text }) }).ended
      expect(stop).toMatchObject({ code: 0, stderr: '' })
      expect((await run.ended).stdout).toBe('ready\nSIGTERM\n')
    }
  })

  const unshare = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
  const refused = refusalOf(
    ...(unshare as [string]),
    'sh',
    '-c',
    'echo 50 > /proc/sys/kernel/ns_last_pid',
  )
  test.skipIf(refused)(`by a kernel that gives the pid again${skipped(refused)}`, async () => {
    const cwd = folder()
    const run = lastcall('run', '--pidfile', 'app.pid', '--', 'sleep', '1000')
    const stop = lastcall('stop', 'app.pid', '--grace', '200ms')
    const script = `
      ${run.join(' ')} & first=$!
      until [ -s app.pid ]; do :; done
      kill -9 $first; wait $first 2>/dev/null
      echo $((first - 1)) > /proc/sys/kernel/ns_last_pid
      sleep 1000 & second=$!
      [ $first = $second ] && echo the same pid
      ${stop.join(' ')} 2>&1; echo code $?
      kill -0 $second && echo it lives
      kill -9 $second`
    const { stdout } = await new Process([...unshare, 'sh', '-c', script], { cwd }).ended
    expect(stdout).toMatch(
      /^the same pid\nlastcall: app\.pid is stale: process \d+ \(sleep\) started at another time .+\ncode 3\nit lives\n$/,
    )
  })
})

describe('a start after another process has got the pid of the file', () => {
  test('is not refused, also where that is a lastcall', async () => {
    const other = await cli(['run', '--', 'sh', '-c', 'echo ready; exec sleep 1000']).says('ready')
    const start = Number(startTimeOf(other.pid)) - 1
    const cwd = folder({ 'app.pid': `${other.pid}\nstart=${start} boot=${bootId()}\n` })
    const run = await cli(['run', '--pidfile', 'app.pid', '--', 'true'], { cwd }).ended
    expect(run).toMatchObject({ code: 0, stderr: '' })
    await other.send('SIGTERM').ended
  })
})

describe('a pid file in a folder of a user who attacks', () => {
  test('is written beside a link in the place of the file that comes first', async () => {
    const cwd = folder({ precious: 'keep\n' })
    const script = 'ln -s precious "app.pid.$$"; exec "$@"'
    const args = ['run', '--pidfile', 'app.pid', '--', 'cat', 'app.pid']
    const run = cli(args, { cwd, prefix: ['sh', '-c', script, 'sh'] })
    expect(await run.ended).toMatchObject({ code: 0, stderr: '' })
    expect(run.stdout.split('\n')[0]).toBe(String(run.pid))
    expect(readFileSync(join(cwd, 'precious'), 'utf8')).toBe('keep\n')
  })

  test('is refused where the attacker has guessed that name', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const cwd = folder({ precious: 'keep\n' })
    symlinkSync('precious', join(cwd, `app.pid.${process.pid}.i`))
    expect(() => claimPidFile(join(cwd, 'app.pid'))).toThrow(/cannot be written: EEXIST/)
    vi.restoreAllMocks()
    expect(readFileSync(join(cwd, 'precious'), 'utf8')).toBe('keep\n')
    expect(existsSync(join(cwd, 'app.pid'))).toBe(false)
  })

  test.each(['run', 'stop'])(
    'is refused by %s where it is a link, and what it leads to stays',
    async (command) => {
      const run = await stranger()
      const cwd = folder({ precious: `${run.pid}\n` })
      symlinkSync('precious', join(cwd, 'app.pid'))
      const args =
        command === 'run' ? ['run', '--pidfile', 'app.pid', '--', 'true'] : ['stop', 'app.pid']
      const { code, stderr } = await cli(args, { cwd }).ended
      expect(code).toBe(125)
      expect(stderr).toMatch(/it is a link: name the file that it leads to\n$/)
      expect(lstatSync(join(cwd, 'app.pid')).isSymbolicLink()).toBe(true)
      expect(readFileSync(join(cwd, 'precious'), 'utf8')).toBe(`${run.pid}\n`)
      expect((await run.send('SIGINT').ended).stdout).toBe('ready\nSIGINT\n')
    },
  )

  test.each([
    ['a pipe that no process writes to', 'mkfifo app.pid', 'it is no regular file'],
    ['a file without end', 'truncate -s 1G app.pid', 'it is too long for a pid file'],
  ])('is refused where it is %s', async (_, make, why) => {
    const cwd = folder()
    spawnSync('sh', ['-c', make], { cwd })
    for (const args of [
      ['run', '--pidfile', 'app.pid', '--', 'true'],
      ['stop', 'app.pid'],
    ]) {
      const { code, stderr } = await cli(args, { cwd }).ended
      expect({ code, stderr }).toEqual({ code: 125, stderr: expect.stringContaining(why) })
    }
    expect(existsSync(join(cwd, 'app.pid'))).toBe(true)
  })

  test('that is replaced by a link while the program runs is left alone at the end', async () => {
    const cwd = folder({ precious: 'keep\n' })
    const script = 'cp app.pid copy; ln -sf copy app.pid'
    const run = await cli(['run', '--pidfile', 'app.pid', '--', 'sh', '-c', script], { cwd }).ended
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(lstatSync(join(cwd, 'app.pid')).isSymbolicLink()).toBe(true)
  })

  test.skipIf(!isRoot)(`stops no process of a stranger: 4${needsRoot}`, async () => {
    const run = await stranger()
    const text = `${run.pid}\nstart=${startTimeOf(run.pid)} boot=${bootId()}\n`
    const cwd = folder({ 'app.pid': text })
    chownSync(join(cwd, 'app.pid'), NOBODY, NOBODY)
    expect(await refusedFor(run, cwd)).toEqual({
      code: 4,
      stderr: `lastcall: app.pid belongs to user ${NOBODY}, and that user has no right to stop process ${run.pid}; stop the process by its pid, or as that user\n`,
    })
  })

  test.skipIf(!isRoot)(`stops the user's own process${needsRoot}`, async () => {
    const cwd = folder()
    chmodSync(cwd, 0o777)
    const args = ['run', '--pidfile', 'app.pid', '--', ...listener(['SIGTERM'], 'process.exit()')]
    const run = await cli(args, { cwd, prefix: asNobody }).says('ready')
    expect(lstatSync(join(cwd, 'app.pid')).uid).toBe(NOBODY)
    expect(await cli(['stop', 'app.pid'], { cwd }).ended).toMatchObject({ code: 0, stderr: '' })
    expect((await run.ended).stdout).toBe('ready\nSIGTERM\n')
  })
})

describe('the title of lastcall', () => {
  test('has its own words and the name of the program, but no argument of it', async () => {
    const cwd = folder()
    const args = ['run', '--pidfile', 'app.pid', '--', ...listener([]), '--', '--password=hunter2']
    const run = await cli(args, { cwd }).says('ready')
    const title = readFileSync(`/proc/${run.pid}/cmdline`, 'utf8').replace(/\0+$/, '')
    expect(title).toBe(`lastcall run --pidfile app.pid -- ${process.execPath}`)
    await run.send('SIGTERM').ended
  })
})
