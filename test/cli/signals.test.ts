import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { cli, listener, node, statOf, until } from '../support/programs/command-line.ts'

const STOPS = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const
const OTHERS = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGALRM', 'SIGPWR'] as const

/** Hears all of them, and ends at SIGUSR2: what has come twice has been told by then. */
const HEARS = listener([...STOPS, ...OTHERS], `if (signal === 'SIGUSR2') process.exit(0)`)

/** Longer than what counts as the same press, which is what is tried here. */
const anotherPress = () => new Promise((resolve) => setTimeout(resolve, 300))

/** The child of a process, as soon as there is one. */
async function childOf(pid: number): Promise<number> {
  let child = 0
  await until(() => {
    child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
    return child
  })
  return child
}

describe('a signal', () => {
  test.each(STOPS)('%s is passed on as it is, once', async (signal) => {
    const run = await cli(['run', '--', ...HEARS]).says('ready')
    await run.send(signal).says(signal)
    const ended = await run.send('SIGUSR2').ended
    const stdout = `ready\n${signal}\nSIGUSR2\n`
    expect(ended).toEqual({ code: 0, signal: null, stdout, stderr: '' })
  })

  test('that means no end is passed on as it is, once each time, and ends nothing', async () => {
    const run = await cli(['run', '--', ...HEARS]).says('ready')
    const sent = [...OTHERS, 'SIGHUP', 'SIGHUP'].filter((signal) => signal !== 'SIGUSR2')
    let heard = 'ready\n'
    for (const signal of sent) {
      heard += `${signal}\n`
      await run.send(signal as NodeJS.Signals).says(heard)
    }
    const stdout = `${heard}SIGUSR2\n`
    expect(await run.send('SIGUSR2').ended).toMatchObject({ code: 0, stdout, stderr: '' })
  })

  test('SIGHUP is passed on once during the end, too', async () => {
    const run = await cli(['run', '--', ...HEARS]).says('ready')
    await run.send('SIGTERM').says('SIGTERM')
    await run.send('SIGHUP').says('SIGHUP')
    const stdout = 'ready\nSIGTERM\nSIGHUP\nSIGUSR2\n'
    expect(await run.send('SIGUSR2').ended).toMatchObject({ code: 0, stdout, stderr: '' })
  })

  test('that a platform sends to all is passed on at half of the time, in case that it was not', async () => {
    const env = { ...process.env, DYNO: 'web.1' }
    const program = listener(['SIGTERM'], 'process.exit(7)')
    const run = await cli(['run', '--grace', '2s', '--', ...program], { env }).says('ready')
    const ended = await run.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 7, stdout: 'ready\nSIGTERM\n', stderr: '' })
  })
})

describe('--signal', () => {
  test.each([
    ['TERM=QUIT', 'SIGTERM', 'SIGQUIT'],
    ['term=quit', 'SIGTERM', 'SIGQUIT'],
    ['SIGTERM=SIGINT', 'SIGTERM', 'SIGINT'],
    ['sigint=Hup', 'SIGINT', 'SIGHUP'],
    ['HUP=USR1', 'SIGHUP', 'SIGUSR1'],
    ['TERM=TERM', 'SIGTERM', 'SIGTERM'],
  ] as const)('%s passes %s on as %s', async (rewrite, sent, heard) => {
    const run = await cli(['run', '--signal', rewrite, '--', ...HEARS]).says('ready')
    await run.send(sent).says(heard)
    const ended = await run.send('SIGUSR2').ended
    expect(ended).toMatchObject({ code: 0, stdout: `ready\n${heard}\nSIGUSR2\n`, stderr: '' })
  })

  test('may be repeated, rewrites each signal once, and leaves the others as they are', async () => {
    const rewrites = ['--signal', 'TERM=INT', '--signal=INT=TERM', '--signal', 'HUP=ALRM']
    const run = await cli(['run', ...rewrites, '--', ...HEARS]).says('ready')
    await run.send('SIGWINCH').says('SIGWINCH')
    await run.send('SIGHUP').says('SIGALRM')
    await run.send('SIGTERM').says('SIGINT')
    await anotherPress()
    await run.send('SIGINT').says('SIGTERM')
    const { stdout } = await run.send('SIGUSR2').ended
    expect(stdout).toBe('ready\nSIGWINCH\nSIGALRM\nSIGINT\nSIGTERM\nSIGUSR2\n')
  })

  test('that rewrites the stop signal to one that the program ignores does not outlive the grace', async () => {
    const run = cli(['run', '--signal', 'TERM=HUP', '--grace', '500ms', '--', ...HEARS])
    const ended = await (await run.says('ready')).send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 137, stdout: 'ready\nSIGHUP\n' })
    expect(ended.stderr).toContain('after SIGHUP')
  })

  test('that makes it a SIGKILL gives 137, without a comment', async () => {
    const run = await cli(['run', '--signal', 'TERM=KILL', '--', ...HEARS]).says('ready')
    expect(await run.send('SIGTERM').ended).toMatchObject({ code: 137, stderr: '' })
  })
})

describe('a repeat', () => {
  test('that comes later reaches the program as well', async () => {
    const run = await cli(['run', '--', ...HEARS]).says('ready')
    await run.send('SIGTERM').says('ready\nSIGTERM\n')
    await anotherPress()
    await run.send('SIGTERM').says('ready\nSIGTERM\nSIGTERM\n')
    await run.send('SIGINT').says('SIGINT')
    const ended = await run.send('SIGUSR2').ended
    expect(ended.stdout).toBe('ready\nSIGTERM\nSIGTERM\nSIGINT\nSIGUSR2\n')
  })

  test('at once reaches the program as well, where it is another signal', async () => {
    const run = await cli(['run', '--', ...HEARS]).says('ready')
    // While it is stopped both are kept for it: it hears them at the same moment, in whatever order.
    run.send('SIGSTOP').send('SIGINT').send('SIGTERM').send('SIGCONT')
    await run.says(/SIG\w+\nSIG\w+\n/)
    const ended = await run.send('SIGUSR2').ended
    expect(ended.stdout).toMatch(/^ready\n(SIGINT\nSIGTERM|SIGTERM\nSIGINT)\nSIGUSR2\n$/)
  })

  test.each([
    ['SIGINT', 'SIGTERM'],
    ['SIGTERM', 'SIGQUIT'],
  ] as const)(
    'a program that ignores %s can save at the %s that follows',
    async (first, second) => {
      const body = `if (signal === '${second}') { say('saved'); process.exit(0) }`
      const program = listener([first, second], body)
      const run = await cli(['run', '--grace', '5s', '--', ...program]).says('ready')
      await run.send(first).says(first)
      const ended = await run.send(second).ended
      expect(ended).toMatchObject({
        code: 0,
        stdout: `ready\n${first}\n${second}\nsaved\n`,
        stderr: '',
      })
    },
  )
})

describe('a SIGTERM at the very beginning', () => {
  test('ends everything, whenever it comes: Node by itself until it listens, the program from then on', async () => {
    const ways = new Set<string>()
    for (let batch = 0; batch < 10; batch++) {
      const runs = [0, 1, 2, 3, 4].map(async () => {
        const run = cli(['run', '--', 'sleep', '1000'])
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 150))
        // A program that survived would hold stdout open, and nothing would have ended.
        const { code, signal, stderr } = await run.send('SIGTERM').ended
        ways.add(`${signal ?? code} ${stderr}`)
      })
      await Promise.all(runs)
    }
    expect([...ways].filter((way) => way !== 'SIGTERM ' && way !== '143 ')).toEqual([])
  })

  test('reaches a program that has just been started', async () => {
    for (let time = 0; time < 5; time++) {
      const run = cli(['run', '--', 'sleep', '1000'])
      await childOf(run.pid)
      expect(await run.send('SIGTERM').ended).toMatchObject({ code: 143, stderr: '' })
    }
  })
})

describe('--group', () => {
  // A leader that ends at SIGTERM, with a child that takes its time.
  const inner = node(`
    process.on('SIGTERM', () => { console.log('told'); setTimeout(() => process.exit(), 300) })
    console.log('ready ' + process.pid)
    setInterval(() => {}, 1000)
  `)
  const leader = (program: readonly string[]) =>
    node(`
      const [command, ...args] = ${JSON.stringify(program)}
      require('node:child_process').spawn(command, args, { stdio: 'inherit' })
      setInterval(() => {}, 1000)
    `)
  const pidOf = (stdout: string) => Number(/ready (\d+)/.exec(stdout)?.[1])

  test('signals every process of the program, and waits for all of them', async () => {
    const run = await cli(['run', '--group', '--', ...leader(inner)]).says(/ready \d+\n/)
    const pid = pidOf(run.stdout)
    expect(statOf(pid)?.group).not.toBe(statOf(run.pid)?.group)
    const exited = new Promise((resolve) => run.child.once('exit', () => resolve(statOf(pid))))
    run.send('SIGTERM')
    expect(await exited).toBeUndefined()
    expect(await run.ended).toMatchObject({ code: 143, stderr: '' })
    expect(run.stdout).toContain('told')
  })

  test('kills every process at the limit', async () => {
    const deaf = node(
      `process.on('SIGTERM', () => {}); console.log('ready ' + process.pid); setInterval(() => {}, 1000)`,
    )
    const args = ['run', '--group', '--grace', '500ms', '--', ...leader(deaf)]
    const run = await cli(args).says(/ready \d+\n/)
    const ended = await run.send('SIGTERM').ended
    // Though the leader itself has ended by the signal.
    expect(ended.code).toBe(137)
    expect(ended.stderr).toContain("killed: child 'node'")
    await until(() => statOf(pidOf(run.stdout)) === undefined)
  })

  test('passes signals that mean no end on to all, too', async () => {
    const code = `process.on('SIGHUP', () => { console.log('HUP'); process.exit() }); console.log('ready')`
    const both = `${code}; setInterval(() => {}, 1000)`
    const script = '"$0" -e "$1" & "$0" -e "$1"; wait'
    const run = cli([
      'run',
      '--group',
      '--',
      'sh',
      '-c',
      `trap : HUP; ${script}`,
      process.execPath,
      both,
    ])
    await run.says(/ready\nready\n/)
    const ended = await run.send('SIGHUP').ended
    expect(ended.stdout).toBe('ready\nready\nHUP\nHUP\n')
  })

  test('is not what happens without it: the program alone is signalled', async () => {
    const run = await cli(['run', '--', ...leader(inner)]).says(/ready \d+\n/)
    const pid = pidOf(run.stdout)
    const exited = new Promise((resolve) => run.child.once('exit', resolve))
    run.send('SIGTERM')
    expect(await exited).toBe(143)
    expect(statOf(pid)).toBeDefined()
    process.kill(pid, 'SIGKILL')
    expect((await run.ended).stdout).not.toContain('told')
  })
})
