import { describe, expect, test } from 'vitest'
import { isAlive } from '../../support/programs/programs.ts'
import { Script, shutdownScript } from '../../support/programs/script.ts'
import { until } from '../../support/service.ts'

/** A process that supervises these programs, with the default ports, and prints their states. */
function supervisor(programs: string, { options = '{}', run = '{}', more = '' } = {}): string {
  return shutdownScript(
    `import { supervise } from 'lastcall/workers'
     const sh = (name, script, others = {}) =>
       ({ name, command: 'sh', args: ['-c', script], startFor: 0, ...others })
     const onTerm = (action) => "trap 'kill -KILL $!; " + action + "' TERM; sleep 1000 & echo up; wait"
     const programs = supervise(${programs}, { log: 'text', ...${options} })
     programs.on('state', ({ name, to }) => say(name + ' ' + to))
     shutdown.add(programs)
     programs.start()
     ${more}`,
    run,
  )
}

/** Lines of stdout that hold this. */
function linesOf(stdout: string, what: RegExp): string[] {
  return stdout.split('\n').filter((line) => what.test(line))
}

describe('a process that supervises programs', () => {
  test('stops them in order at SIGTERM, passes their last words on, and exits with 0', async () => {
    const script = new Script(
      supervisor(`[
        sh('web', onTerm('echo bye; exit 0'), { priority: 2 }),
        sh('db', onTerm('echo bye; exit 0'), { priority: 1 }),
      ]`),
    )
    await script.says('web | up')
    await script.says('db  | up')
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(linesOf(ended.stdout, /bye|STOP/)).toEqual([
      ...['web STOPPING', 'web | bye', 'web STOPPED'],
      ...['db STOPPING', 'db  | bye', 'db STOPPED'],
    ])
  })

  test('exits with 1 where a program ends badly at the stop, and says which and how', async () => {
    const script = new Script(
      supervisor(`[sh('web', onTerm('exit 3')), sh('db', 'exec sleep 1000')]`),
    )
    await script.says('web | up')
    const ended = await script.send('SIGTERM').ended
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(
      /^lastcall: hook 'web' \(stop\) failed: LastcallError: child 'web' \(pid \d+\) ended with exit code 3\nlastcall: shutdown failed in .*: 2 hooks done, 1 failed\nlastcall: exiting with code 1 \(hook 'web' failed\)\n$/,
    )
  })

  test('exits with 124 where a program had to be killed, and leaves nothing of it', async () => {
    const script = new Script(
      supervisor(`[
        sh('web', "trap '' TERM; sleep 1000 & echo child $!; wait", { stopWait: '200ms', priority: 2 }),
        sh('db', onTerm('echo bye; exit 0'), { priority: 1 }),
      ]`),
    )
    await script.says('db  | up')
    await script.says('web | child')
    const child = Number(/child (\d+)/.exec(script.stdout)?.[1])
    const ended = await script.send('SIGTERM').ended
    expect(ended.code).toBe(124)
    expect(ended.stderr).toMatch(/^ {2}killed: child 'web' \(pid \d+\), \d+ ms after SIGTERM$/m)
    expect(ended.stdout).toContain('db  | bye')
    await until(() => !isAlive(child))
  })

  test('exits with what its programs ended with, once all have ended', async () => {
    const script = new Script(
      supervisor(`[sh('web', 'exit 0'), sh('job', 'exit 5', { restart: 'never' })]`, {
        more: `programs.ended.then((code) => {
          process.exitCode = code
          return shutdown.now('all programs have ended')
        })`,
      }),
    )
    const ended = await script.ended
    expect(ended).toMatchObject({
      code: 5,
      stderr: "lastcall: 'job' ended with exit code 5\n",
    })
  })

  test('says on stderr why one is FATAL, with the last lines of its stderr, and exits with its code', async () => {
    const script = new Script(
      supervisor(
        `[
          sh('job', 'echo first >&2; echo last >&2; exit 5', { startFor: '1s', startRetries: 0 }),
          sh('web', 'exec sleep 1000'),
        ]`,
        {
          options: `{ exitOn: 'fatal' }`,
          more: `programs.ended.then((code) => {
            process.exitCode = code
            return shutdown.now('a program is FATAL')
          })`,
        },
      ),
    )
    const ended = await script.ended
    expect(ended.code).toBe(5)
    expect(ended.stderr).toBe(
      [
        'job | first',
        'job | last',
        "lastcall: 'job' is FATAL: it ended with exit code 5 within 1 s of its start",
        '  the last that it wrote to stderr:',
        '    first',
        '    last',
        '',
      ].join('\n'),
    )
    expect(ended.stdout).toContain('web STOPPED')
  })

  test('kills what a program has left behind, and ends although one of them in a session of its own keeps the output open', async () => {
    // It says so itself: before it has a session of its own it is one of the group.
    const escaped = "setsid sh -c 'echo escaped $$; exec sleep 1000'"
    const program = `sleep 1000 & echo child $!; ${escaped} & exec sleep 1000`
    const script = new Script(supervisor(`[sh('web', ${JSON.stringify(program)})]`))
    await script.says('child')
    await script.says('escaped')
    const pidOf = (word: string) => Number(new RegExp(`${word} (\\d+)`).exec(script.stdout)?.[1])
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    await until(() => !isAlive(pidOf('child')))
    expect(isAlive(pidOf('escaped'))).toBe(true)
    process.kill(pidOf('escaped'), 'SIGKILL')
  })

  test('gives a program with this library in it its stopWait as its grace', async () => {
    const child = `
      import { createShutdown } from 'lastcall'
      const shutdown = createShutdown({ log: { format: 'text', level: 'warn' } })
      shutdown.add({ name: 'pool', phase: 'close', run: () => console.log('closed') })
      shutdown.on('start', ({ grace }) => console.log('granted ' + grace))
      shutdown.listen()
      setInterval(() => {}, 1000)
      console.log('up on ' + shutdown.platform.name)`
    const script = new Script(
      supervisor(`[{
        name: 'web', command: process.execPath, args: ['--input-type=module', '-e', ${JSON.stringify(child)}],
        stopWait: '6.5s',
      }]`),
    )
    await script.says('web | up on lastcall')
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(linesOf(ended.stdout, /web \|/)).toEqual([
      'web | up on lastcall',
      'web | granted 6500',
      'web | closed',
    ])
  })
})
