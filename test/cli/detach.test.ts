import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  cli,
  deadPid,
  folder,
  lastcall,
  Process,
  pidIn,
  refusalOf,
  skipped,
  statOf,
  until,
} from '../support/programs/command-line.ts'

const refused = refusalOf('script', '-qec', 'true', '/dev/null')

/** What is detached outlives the test unless it is ended. */
function endAtLast(pid: number): void {
  onTestFinished(() => {
    if (statOf(pid) !== undefined) process.kill(pid, 'SIGKILL')
  })
}

/** Starts this in the background; resolves with the pid that was printed. */
async function detach(cwd: string, args: readonly string[]): Promise<number> {
  const ended = await cli(['run', '--detach', ...args], { cwd }).ended
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout).toMatch(/^\d+\n$/)
  endAtLast(Number(ended.stdout))
  return Number(ended.stdout)
}

/** The program that a wrapper runs. */
const programOf = (pid: number) => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))

const stop = (cwd: string, target: string | number) => cli(['stop', String(target)], { cwd }).ended

describe('lastcall run --detach', () => {
  test('returns when the program has been started, prints the pid, and leaves it running', async () => {
    const cwd = folder()
    const pid = await detach(cwd, ['--', 'sleep', '1000'])
    const program = programOf(pid)
    endAtLast(program)
    expect(statOf(pid)).toBeDefined()
    expect(statOf(program)).toBeDefined()
    expect(await stop(cwd, pid)).toMatchObject({ code: 0 })
    expect([statOf(pid), statOf(program)]).toEqual([undefined, undefined])
  })

  test('gives it a session of its own, without a terminal, and no stdin', async () => {
    const cwd = folder()
    const pid = await detach(cwd, ['--', 'sleep', '1000'])
    const program = programOf(pid)
    expect(statOf(pid)).toMatchObject({ session: pid, group: pid, terminal: 0 })
    expect(statOf(program)).toMatchObject({ session: pid, group: pid, parent: pid, terminal: 0 })
    const descriptors = [0, 1, 2].map((fd) => readlinkSync(`/proc/${program}/fd/${fd}`))
    expect(descriptors).toEqual(['/dev/null', join(cwd, 'lastcall.log'), join(cwd, 'lastcall.log')])
    await stop(cwd, pid)
  })

  test('leaves nothing of how it was started to the program', async () => {
    const cwd = folder()
    const pid = await detach(cwd, ['--grace', '5s', '--', 'sh', '-c', 'env; exec sleep 1000'])
    await until(() => readFileSync(join(cwd, 'lastcall.log'), 'utf8').includes('PATH='))
    const names = (text: string) => text.split('\n').map((line) => line.split('=')[0] ?? '')
    const added = names(readFileSync(join(cwd, 'lastcall.log'), 'utf8')).filter(
      (name) => name !== '' && !(name in process.env),
    )
    // The shell adds some of its own.
    expect(added.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))).toEqual([
      'LASTCALL_GRACE',
    ])
    await stop(cwd, pid)
  })

  test('writes all output to a file, at its end', async () => {
    const cwd = folder({ out: 'before\n' })
    const script = 'echo one; echo two >&2; exec sleep 1000'
    const pid = await detach(cwd, ['--output', 'out', '--', 'sh', '-c', script])
    await until(() => readFileSync(join(cwd, 'out'), 'utf8').includes('two'))
    expect(readFileSync(join(cwd, 'out'), 'utf8')).toBe('before\none\ntwo\n')
    expect(existsSync(join(cwd, 'lastcall.log'))).toBe(false)
    await stop(cwd, pid)
  })

  test('has the pid that was printed in its pid file, when the starter returns', async () => {
    const cwd = folder()
    const pid = await detach(cwd, ['--pidfile', 'app.pid', '--', 'sleep', '1000'])
    expect(pidIn(join(cwd, 'app.pid'))).toBe(pid)
    expect(await stop(cwd, 'app.pid')).toMatchObject({ code: 0 })
    expect(existsSync(join(cwd, 'app.pid'))).toBe(false)
  })

  test('prints the pid of one that ends at once, too', async () => {
    const cwd = folder()
    for (const code of [0, 7]) await detach(cwd, ['--', 'sh', '-c', `exit ${code}`])
  })

  test('tells the comments of its end in the output file', async () => {
    const cwd = folder()
    const script = `trap '' TERM; echo ready; exec sleep 1000`
    const pid = await detach(cwd, ['--grace', '300ms', '--', 'sh', '-c', script])
    await until(() => readFileSync(join(cwd, 'lastcall.log'), 'utf8').includes('ready'))
    await stop(cwd, pid)
    expect(readFileSync(join(cwd, 'lastcall.log'), 'utf8')).toMatch(
      /^ready\nlastcall: hook 'sh' \(stop\) was cut off after \d+ ms\n {2}killed: child 'sh'/,
    )
  })

  test('runs a group as well', async () => {
    const programs = [{ name: 'web', command: 'sleep', args: ['1000'] }]
    const cwd = folder({ 'group.json': { programs } })
    const pid = await detach(cwd, ['--config', 'group.json', '--pidfile', 'app.pid'])
    const program = programOf(pid)
    expect(statOf(program)).toBeDefined()
    expect(await stop(cwd, 'app.pid')).toMatchObject({ code: 0 })
    expect(statOf(program)).toBeUndefined()
  })

  test('lets go of whoever reads the output of the starter', async () => {
    const cwd = folder()
    // The shell ends when nobody holds the other end of the pipe any more.
    const script = 'pid=$("$@" 2>&1); echo "got $pid"'
    const args = ['run', '--detach', '--', 'sleep', '1000']
    const ended = await cli(args, { cwd, prefix: ['sh', '-c', script, 'sh'] }).ended
    expect(ended.stdout).toMatch(/^got \d+\n$/)
    const pid = Number(ended.stdout.slice(4))
    endAtLast(pid)
    expect(await stop(cwd, pid)).toMatchObject({ code: 0 })
  })

  test.skipIf(refused)(
    `outlives the terminal in which it was started${skipped(refused)}`,
    async () => {
      const cwd = folder()
      const words = lastcall('run', '--detach', '--', 'sleep', '1000').join(' ')
      const terminal = new Process(['script', '-qec', words, '/dev/null'], { cwd })
      const ended = await terminal.ended
      expect(ended).toMatchObject({ code: 0 })
      const pid = Number(ended.stdout)
      endAtLast(pid)
      expect(statOf(pid)).toMatchObject({ session: pid, terminal: 0 })
      expect(await stop(cwd, pid)).toMatchObject({ code: 0 })
    },
  )
})

describe('what is wrong with a start in the background is told to whoever has started it', () => {
  test.each([
    ['a program that does not exist', 127, ['--', 'no-such-program'], 'was not found'],
    ['a program that may not be executed', 126, ['--', './plain'], 'may not be executed'],
    ['a file that there is not', 125, ['--config', 'none.json'], 'none.json: ENOENT'],
    ['a file that is not JSON', 125, ['--config', 'plain'], 'plain: it is not JSON'],
    [
      'waits that do not fit',
      125,
      ['--config', 'long.json'],
      'long.json: The reserves add up to 20 s',
    ],
    ['a pid file in no folder', 125, ['--pidfile', 'no/pid', '--', 'true'], 'cannot be written'],
    ['an option of a wrong kind', 125, ['--grace', '10', '--', 'true'], '--grace 10 has no unit'],
    [
      'an output in no folder',
      125,
      ['--output', 'no/log', '--', 'true'],
      '--output no/log cannot be written',
    ],
    [
      'an output that is a folder',
      125,
      ['--output', 'dir', '--', 'true'],
      '--output dir cannot be written',
    ],
  ])('%s, with the code %i', async (_, code, args, told) => {
    const programs = [{ name: 'web', command: 'sleep', stopWait: '20s' }]
    const cwd = folder({ plain: 'x', 'long.json': { grace: '10s', programs } })
    mkdirSync(join(cwd, 'dir'))
    const ended = await cli(['run', '--detach', ...args], { cwd }).ended
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toMatch(/^lastcall: .+\n$/)
    expect(ended.stderr).toContain(told)
  })

  test('also that the pid file is held', async () => {
    const cwd = folder()
    const pid = await detach(cwd, ['--pidfile', 'app.pid', '--', 'sleep', '1000'])
    const ended = await cli(['run', '--detach', '--pidfile', 'app.pid', '--', 'true'], { cwd })
      .ended
    expect(ended).toMatchObject({ code: 125, stdout: '' })
    expect(ended.stderr).toMatch(
      /^lastcall: app\.pid belongs to process \d+, which is running: .+\n$/,
    )
    expect(pidIn(join(cwd, 'app.pid'))).toBe(pid)
    expect(await stop(cwd, 'app.pid')).toMatchObject({ code: 0 })
  })

  test('also that it was killed before it had started anything', async () => {
    const cwd = folder()
    // It waits for somebody to write its configuration.
    spawnSync('mkfifo', [join(cwd, 'fifo')])
    const starter = cli(['run', '--detach', '--config', 'fifo'], { cwd })
    let daemon = 0
    await until(() => {
      daemon = programOf(starter.pid)
      return daemon
    })
    process.kill(daemon, 'SIGKILL')
    const ended = await starter.ended
    expect(ended).toMatchObject({ code: 125, stdout: '' })
    expect(ended.stderr).toBe(
      'lastcall: it ended with SIGKILL before it had started anything; see lastcall.log\n',
    )
  })

  test('a stale pid file is none of it', async () => {
    const cwd = folder({ 'app.pid': `${deadPid()}` })
    const pid = await detach(cwd, ['--pidfile', 'app.pid', '--', 'sleep', '1000'])
    expect(pidIn(join(cwd, 'app.pid'))).toBe(pid)
    await stop(cwd, 'app.pid')
  })
})
