import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  cli,
  folder,
  listener,
  node,
  Process,
  statOf,
  until,
} from '../support/programs/command-line.ts'

/** A program of a group, from words. */
const entry = (name: string, [command, ...args]: readonly string[], others = {}) => ({
  ...{ name, command, args, startFor: '0s' },
  ...others,
})
const sh = (name: string, script: string, others = {}) => entry(name, ['sh', '-c', script], others)

/** Says `ready` and its pid; at SIGTERM it says so, and ends with `bye` a while later. */
const slow = (name: string, milliseconds: number, others = {}) =>
  entry(
    name,
    listener(['SIGTERM'], `setTimeout(() => { say('bye'); process.exit() }, ${milliseconds})`),
    others,
  )

/** Says its pid, and that of its child: both are deaf. */
const deaf = (name: string, others = {}) =>
  sh(name, `trap '' TERM INT; sleep 1000 & echo "pids $$ $!"; wait`, others)

function group(config: unknown, ...options: readonly string[]): Process {
  const cwd = folder({ 'group.json': config })
  return cli(['run', '--config', 'group.json', ...options], { cwd })
}

/** The pids that deaf programs have said; the test's end is theirs. */
function pidsOf(stdout: string): number[] {
  const pids = [...stdout.matchAll(/pids (\d+) (\d+)/g)].flatMap(([, one, two]) => [
    Number(one),
    Number(two),
  ])
  onTestFinished(() => {
    for (const pid of pids) if (statOf(pid)) process.kill(pid, 'SIGKILL')
  })
  return pids
}

describe('a group', () => {
  test('is ended in the order of its priorities, each program when the one before has ended', async () => {
    const programs = [slow('db', 0, { priority: 1 }), slow('web', 200, { priority: 2 })]
    const run = await group({ grace: '5s', programs }).says(/(ready[\s\S]*){2}/)
    const ended = await run.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout.split('\n').slice(2)).toEqual([
      'web | SIGTERM',
      'web | bye',
      'db  | SIGTERM',
      'db  | bye',
      '',
    ])
  })

  test('tells each program its share of the grace, in LASTCALL_GRACE', async () => {
    const says = node('console.log(process.env.LASTCALL_GRACE); setInterval(() => {}, 1000)')
    const programs = [
      entry('a', says, { priority: 2, stopWait: '3s' }),
      entry('b', says, { priority: 1 }),
      entry('c', says, { priority: 0 }),
    ]
    const run = await group({ grace: '10s', programs }).says(/(\d+\n[\s\S]*){3}/)
    const ended = await run.send('SIGTERM').ended
    // 10 s less a margin of 1 s, the 3 s of a, and 10 ms for each of four handovers.
    expect(ended.stdout.split('\n').sort()).toEqual(['', 'a | 3000', 'b | 2980', 'c | 2980'])
    expect(ended.code).toBe(0)
  })

  test('has the grace of the command line where both say one', async () => {
    const programs = [entry('a', node('console.log(process.env.LASTCALL_GRACE)'))]
    const ended = await group({ grace: '10s', programs }, '--grace', '2s').ended
    expect(ended.stdout).toBe('a | 1780\n')
  })

  test('passes on all that was written, line by line, also where several end at the same moment', async () => {
    for (let time = 0; time < 5; time++) {
      const script = 'printf one; echo " two"; echo wrong >&2'
      const ended = await group({ programs: [sh('a', script), sh('long', 'printf last')] }).ended
      expect(ended.stdout.split('\n').sort()).toEqual(['', 'a    | one two', 'long | last'])
      expect(ended.stderr).toBe('a    | wrong\n')
    }
  })

  test('is refused where its waits do not fit, with the sum and the name of the file, before anything is started', async () => {
    const programs = [
      sh('a', 'touch started', { stopWait: '6s', priority: 2 }),
      sh('b', 'touch started', { stopWait: '5s', priority: 1 }),
    ]
    const cwd = folder({ 'group.json': { grace: '10s', programs } })
    const ended = await cli(['run', '--config', 'group.json'], { cwd }).ended
    expect(ended).toMatchObject({ code: 125, stdout: '' })
    expect(ended.stderr).toMatch(
      /^lastcall: group\.json: The reserves add up to 11 s .*budget of 9 s.*\n$/,
    )
    expect(readdirSync(cwd)).toEqual(['group.json'])
  })

  test.each(['101ms', '150ms', '199ms'])('starts and ends with a grace of %s', async (grace) => {
    const programs = [sh('a', 'echo started', { restart: 'never', startFor: '0s' })]
    for (const args of [['--grace', grace], []]) {
      const content = args.length === 0 ? { programs, grace } : { programs }
      const cwd = folder({ 'group.json': content })
      const ended = await cli(['run', '--config', 'group.json', ...args], { cwd }).ended
      expect(ended).toMatchObject({ code: 0, stdout: 'a | started\n', stderr: '' })
    }
  })

  test('writes its pid file, and removes it', async () => {
    const cwd = folder({ 'group.json': { programs: [sh('a', 'head -n 1 app.pid')] } })
    const run = cli(['run', '--config', 'group.json', '--pidfile', 'app.pid'], { cwd })
    expect((await run.ended).stdout).toBe(`a | ${run.pid}\n`)
    expect(readdirSync(cwd)).toEqual(['group.json'])
  })

  test('tells every change of state with --verbose, and none without', async () => {
    const programs = [sh('a', 'exit 7', { restart: 'never' })]
    const verbose = (await group({ programs }, '--verbose').ended).stderr.split('\n')
    const told = [
      /^lastcall: 'a' STOPPED → STARTING \(pid \d+\)$/,
      /^lastcall: 'a' STARTING → RUNNING \(pid \d+\)$/,
      /^lastcall: 'a' RUNNING → EXITED \(pid \d+, exit code 7\)$/,
    ]
    for (const line of told) expect(verbose.filter((one) => line.test(one))).toHaveLength(1)
    expect((await group({ programs }).ended).stderr).toBe("lastcall: 'a' ended with exit code 7\n")
  })
})

describe('the exit code of a group whose programs have ended', () => {
  const never = { restart: 'never' }
  const forever = sh('forever', 'exec sleep 1000')
  const cases: [string, number, Record<string, unknown>][] = [
    ['all ended well', 0, { programs: [sh('a', 'exit 0'), sh('b', 'exit 0')] }],
    ['one did not', 7, { programs: [sh('a', 'exit 0'), sh('b', 'exit 7', never)] }],
    ['its code is expected', 0, { programs: [sh('a', 'exit 7', { exitCodes: [7] })] }],
    ['one was ended by a signal', 143, { programs: [sh('a', 'kill -TERM $$', never)] }],
    [
      'one does not exist',
      127,
      { programs: [entry('a', ['no-such-program'], { startRetries: 0 })] },
    ],
    ['one may not be executed', 126, { programs: [entry('a', ['/'], { startRetries: 0 })] }],
    ['any has ended', 0, { exitOn: 'any', programs: [sh('a', 'exit 0'), forever] }],
    ['any has ended badly', 7, { exitOn: 'any', programs: [sh('a', 'exit 7', never), forever] }],
    [
      'one is FATAL',
      9,
      {
        exitOn: 'fatal',
        programs: [sh('a', 'exit 9', { startFor: '1s', startRetries: 0 }), forever],
      },
    ],
    [
      'one that is FATAL has ended with 0',
      1,
      { programs: [sh('a', 'exit 0', { startFor: '1s', startRetries: 0 })] },
    ],
  ]
  test.each(cases)('where %s is %i', async (_, code, config) => {
    expect(await group(config).ended).toMatchObject({ code, signal: null, stdout: '' })
  })
})

describe('the exit code of a group after a signal', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const)(
    '%s is 0 where all have ended',
    async (signal) => {
      const run = await group({ programs: [sh('a', 'echo ready; exec sleep 1000')] }).says('ready')
      expect(await run.send(signal).ended).toMatchObject({ code: 0, stderr: '' })
    },
  )

  test('is 1 where one has ended with a code that it should not', async () => {
    const run = group({ programs: [entry('a', listener(['SIGTERM'], 'process.exit(7)'))] })
    const ended = await (await run.says('ready')).send('SIGTERM').ended
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(/^lastcall: hook 'a' .* ended with exit code 7\n/)
  })

  test('is 124 where one had to be killed, and nothing of it is left', async () => {
    const run = await group({ grace: '500ms', programs: [deaf('a'), deaf('b')] }).says(
      /(pids[\s\S]*){2}\n/,
    )
    const pids = pidsOf(run.stdout)
    const ended = await run.send('SIGTERM').ended
    expect(ended.code).toBe(124)
    for (const name of ['a', 'b']) expect(ended.stderr).toContain(`killed: child '${name}'`)
    await until(() => pids.every((pid) => !statOf(pid)))
  })

  test('is 130 after a second Ctrl-C, at once, and nothing is left of the programs', async () => {
    const run = await group({ grace: '1m', programs: [deaf('a'), deaf('b')] }, '--verbose').says(
      /(pids[\s\S]*){2}\n/,
    )
    const pids = pidsOf(run.stdout)
    expect(pids).toHaveLength(4)
    run.send('SIGINT')
    await until(() => /(STOPPING[\s\S]*){2}/.test(run.stderr))
    // Longer than what counts as the same press, which is what is tried here.
    await new Promise((resolve) => setTimeout(resolve, 300))
    const ended = await run.send('SIGINT').ended
    expect(ended.code).toBe(130)
    await until(() => pids.every((pid) => !statOf(pid)))
  })

  test('is not changed by a second SIGTERM', async () => {
    const run = await group({ programs: [slow('a', 500)] }).says('ready')
    await run.send('SIGTERM').says('SIGTERM')
    // Longer than what counts as the same press, which is what is tried here.
    await new Promise((resolve) => setTimeout(resolve, 300))
    const ended = await run.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stdout: 'a | ready\na | SIGTERM\na | bye\n' })
  })
})

describe('no process is left', () => {
  test('where the end of one ends the group, and another is deaf', async () => {
    const programs = [deaf('deaf'), sh('a', 'until [ -e go ]; do sleep 0.02; done')]
    const cwd = folder({ 'group.json': { grace: '500ms', exitOn: 'any', programs } })
    const run = await cli(['run', '--config', 'group.json'], { cwd }).says(/pids .*\n/)
    const pids = pidsOf(run.stdout)
    await new Process(['touch', join(cwd, 'go')]).ended
    expect((await run.ended).code).toBe(124)
    await until(() => pids.every((pid) => !statOf(pid)))
  })

  test('but where the wrapper is killed: nobody can hear that', async () => {
    const run = await group({ programs: [deaf('a')] }).says(/pids .*\n/)
    const pids = pidsOf(run.stdout)
    const exited = new Promise((resolve) => run.child.once('exit', resolve))
    run.send('SIGKILL')
    await exited
    expect(pids.map((pid) => statOf(pid) !== undefined)).toEqual([true, true])
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await run.ended
  })
})
