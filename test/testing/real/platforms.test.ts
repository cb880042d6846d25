import { describe, expect, test } from 'vitest'
import { guessPlatform } from '../../../src/platform/platform.ts'
import { PLATFORM_VARIABLES } from '../../../src/testing/real/environment.ts'
import { stopLikeKubernetes } from '../../../src/testing/real/kubernetes.ts'
import { stopLikePm2 } from '../../../src/testing/real/pm2.ts'
import { stopLikeSystemd } from '../../../src/testing/real/systemd.ts'
import { folder } from '../../support/programs/command-line.ts'
import { DEAF, isThere, listener, node, STUBBORN, withLastcall } from './programs.ts'

const ready = /^ready$/m

/** A program with lastcall in it that says what it takes itself to run on. */
const GUESSING = withLastcall(`say(shutdown.platform.name + ' ' + shutdown.platform.grace)`)

test('every variable by which a platform is recognised is known here', () => {
  const asked = new Set<string>()
  for (const given of PLATFORM_VARIABLES) {
    const env = new Proxy<Record<string, string>>(
      {},
      {
        get: (_target, name) => {
          asked.add(String(name))
          return name === given ? 'x' : undefined
        },
      },
    )
    guessPlatform({ env, pid: 5, ppid: 4, platform: 'linux', fileExists: () => false })
  }
  expect([...asked].filter((name) => !PLATFORM_VARIABLES.includes(name))).toEqual([])
})

/** A program that keeps another one, which prints the signals that it gets. */
function withChild(child: readonly string[], signals: readonly NodeJS.Signals[], options = {}) {
  return node(`
    import { spawn } from 'node:child_process'
    import { once } from 'node:events'
    const [file, ...args] = ${JSON.stringify(child)}
    const child = spawn(file, args, ${JSON.stringify({ stdio: ['ignore', 'pipe', 'inherit'], ...options })})
    child.stdout.setEncoding('utf8').on('data', (text) => process.stdout.write(text.replaceAll(/^/gm, 'child ').replace(/child $/, '')))
    await once(child.stdout, 'data')
    for (const signal of ${JSON.stringify(signals)}) process.on(signal, () => {
      process.stdout.write(signal + '\\n')
      if (child.exitCode === null) child.once('exit', () => process.exit(0))
      else process.exit(0)
    })
    setInterval(() => {}, 1000)
    process.stdout.write('pid ' + child.pid + '\\nready\\n')
  `)
}

describe('Kubernetes', () => {
  test('the program knows where it is, and hears SIGTERM', async () => {
    const { code, stdout } = await stopLikeKubernetes(GUESSING, { ready })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'kubernetes 30000\nready\npool closed\n' })
  })

  test('the preStop hook comes first, and counts', async () => {
    const cwd = folder()
    const program = node(`
      import { writeFileSync } from 'node:fs'
      process.on('SIGUSR2', () => console.log('hook'))
      process.on('SIGTERM', () => { console.log('SIGTERM'); process.exit(0) })
      setInterval(() => {}, 1000)
      writeFileSync('pid', String(process.pid))
      console.log('ready')
    `)
    const preStop = 'kill -USR2 $(cat pid); sleep 0.3'
    const stopped = await stopLikeKubernetes(program, { ready, preStop, cwd })
    const { code, stdout, elapsed, notes } = stopped
    expect({ code, stdout, notes }).toEqual({
      code: 0,
      stdout: 'ready\nhook\nSIGTERM\n',
      notes: [],
    })
    expect(elapsed).toBeGreaterThanOrEqual(300)
  })

  test('a hook may stop what a shell has started, although the shell does not get SIGTERM', async () => {
    const cwd = folder()
    const [file, ...args] = listener(['SIGTERM'], 'await sleep(300); process.exit(0)')
    const child = [file, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    const command = `${child} & echo $! > pid; wait; exit 4`
    const preStop = 'kill -TERM $(cat pid)'
    const stopped = await stopLikeKubernetes(command, { ready, preStop, cwd })
    expect(stopped).toMatchObject({ code: 4, killed: false, stdout: 'ready\nSIGTERM\n' })
    expect(stopped.notes).toEqual([expect.stringContaining('SIGTERM has not reached')])
  })

  test('so does a sleep', async () => {
    const stopped = await stopLikeKubernetes(GUESSING, { ready, preStop: { sleep: 400 } })
    expect(stopped).toMatchObject({ code: 0, killed: false })
    expect(stopped.elapsed).toBeGreaterThanOrEqual(400)
  })

  test.each([{ sleep: '20s' }, 'sleep 20'] as const)(
    'a note says that the program had ended before the hook was over: %j',
    async (preStop) => {
      // It lives on for a moment, so that the hook has begun.
      const program = listener(['SIGUSR2'], 'await sleep(500); process.exit(3)')
      const onReady = ({ pid }: { pid: number }) => process.kill(pid, 'SIGUSR2')
      const { code, notes } = await stopLikeKubernetes(program, { ready, preStop, onReady })
      expect({ code, notes }).toEqual({
        code: 3,
        notes: ['it had ended before SIGTERM, while the preStop hook ran'],
      })
    },
  )

  test('after a hook that hangs SIGTERM comes with the end of the grace, and 2 s later SIGKILL', async () => {
    const preStop = ['sleep', '1000'] as const
    const stopped = await stopLikeKubernetes(STUBBORN, { ready, preStop, grace: 500 })
    expect(stopped).toMatchObject({ killed: true, leftBehind: false, stdout: 'ready\nSIGTERM\n' })
    expect(stopped.elapsed).toBeGreaterThanOrEqual(2500)
    expect(stopped.notes).toEqual([
      'the preStop hook `sleep 1000` was still running at the end of the grace',
    ])
  })

  test.for([
    ['ends badly', ['sh', '-c', 'echo why >&2; exit 4'], 'has ended with exit code 4: why'],
    ['is not there', ['no-such-hook'], 'was not found'],
  ] as const)('a hook that %s changes nothing, and is in the notes', async ([, preStop, note]) => {
    const { code, notes } = await stopLikeKubernetes(GUESSING, { ready, preStop })
    expect(code).toBe(0)
    expect(notes).toEqual([expect.stringContaining(note)])
  })
})

describe('PM2', () => {
  test('the program knows where it is, and hears SIGINT', async () => {
    const { code, stdout } = await stopLikePm2(GUESSING, { ready })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'pm2 1600\nready\npool closed\n' })
  })

  test('it knows the grace that is configured', async () => {
    const { code, stdout } = await stopLikePm2(GUESSING, { ready, grace: '3s' })
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('pm2 3000') })
  })

  test('what it has started hears it, too, in whichever group', async () => {
    const child = listener(['SIGINT'], 'process.exit(0)')
    const program = withChild(child, ['SIGINT'], { detached: true })
    const { code, stdout, leftBehind } = await stopLikePm2(program, { ready })
    expect({ code, leftBehind }).toEqual({ code: 0, leftBehind: false })
    expect(stdout).toContain('child SIGINT')
    expect(stdout).toMatch(/^SIGINT$/m)
  })

  test('with `message` it hears the message alone', async () => {
    const program = withLastcall(`process.on('SIGINT', () => say('SIGINT'))
      shutdown.on('start', ({ reason }) => say(reason.kind + ' ' + reason.message))`)
    const { code, stdout } = await stopLikePm2(program, { ready, message: true })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ready\nmessage shutdown\npool closed\n' })
  })

  test('it is killed after 1.6 s, with its tree', async () => {
    const program = withChild(STUBBORN, ['SIGTERM'], { detached: true })
    const stopped = await stopLikePm2(listener(['SIGINT']), { ready })
    expect(stopped).toMatchObject({ killed: true, signal: 'SIGKILL', code: null })
    expect(stopped.elapsed).toBeGreaterThanOrEqual(1600)
    const { stdout } = await stopLikePm2(program, { ready, grace: 200 })
    expect(isThere(Number(/pid (\d+)/.exec(stdout)?.[1]))).toBe(false)
  })
})

describe('systemd', () => {
  test('the program knows where it is, and hears SIGTERM', async () => {
    const { code, stdout } = await stopLikeSystemd(GUESSING, { ready })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'systemd 90000\nready\npool closed\n' })
  })

  test('one without a handler is ended by the signal', async () => {
    const stopped = await stopLikeSystemd(DEAF, { ready })
    expect(stopped).toMatchObject({ code: null, signal: 'SIGTERM', killed: false, notes: [] })
  })

  test('one that has been halted goes on, and hears it', async () => {
    const halt = ({ pid }: { pid: number }) => void process.kill(pid, 'SIGSTOP')
    const { code } = await stopLikeSystemd(GUESSING, { ready, onReady: halt })
    expect(code).toBe(0)
  })

  test('all that it has started hear it, too, in whichever session', async () => {
    const child = listener(['SIGTERM'], 'process.exit(0)')
    const program = withChild(child, ['SIGTERM'], { detached: true })
    const { code, stdout, killed } = await stopLikeSystemd(program, { ready })
    expect({ code, killed }).toEqual({ code: 0, killed: false })
    expect(stdout).toContain('child SIGTERM')
  })

  test('those that outlive it are signalled again, and waited for', async () => {
    const program = outlivedBy(
      listener(
        ['SIGTERM'],
        'globalThis.signals = (globalThis.signals ?? 0) + 1; if (signals === 2) process.exit(0)',
      ),
    )
    const stopped = await stopLikeSystemd(program, { ready: PID, grace: '5s' })
    expect(stopped).toMatchObject({ code: 0, killed: false, leftBehind: false })
    expect(stopped.stdout.split('SIGTERM')).toHaveLength(3)
    expect(isThere(pidIn(stopped.stdout))).toBe(false)
  })

  test('those that stay are killed, and named', async () => {
    const stopped = await stopLikeSystemd(outlivedBy(STUBBORN), { ready: PID, grace: 400 })
    expect(stopped).toMatchObject({ code: 0, killed: true, leftBehind: false })
    const pid = pidIn(stopped.stdout)
    expect(stopped.notes).toEqual([expect.stringMatching(new RegExp(`^killed: .*pid ${pid}`))])
    expect(isThere(pid)).toBe(false)
  })
})

const PID = /^pid \d+$/m
const pidIn = (stdout: string) => Number(/pid (\d+)/.exec(stdout)?.[1])

/** A program that is ended by SIGTERM later than another one, which has its stdout, has heard it. */
function outlivedBy(child: readonly string[]) {
  return node(`
    import { spawn } from 'node:child_process'
    const [file, ...args] = ${JSON.stringify(child)}
    process.on('SIGTERM', () => setTimeout(() => process.exit(0), 200))
    const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true })
    child.once('message', () => {
      console.log('pid ' + child.pid)
      child.disconnect()
    })
  `)
}
