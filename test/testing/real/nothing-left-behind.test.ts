import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { stopLikeDocker } from '../../../src/testing/real/docker.ts'
import { Process, refusalOf, until } from '../../support/programs/command-line.ts'
import { DEAF, isThere } from './programs.ts'

const source = (name: string) =>
  fileURLToPath(new URL(`../../../src/testing/real/${name}.ts`, import.meta.url))

/** A test that is in the middle of it: it has printed the pid of its program. */
async function inTheMiddle(call: string, file: string): Promise<[Process, number]> {
  const code = `
    import { ${call} } from ${JSON.stringify(source(file))}
    process.on('SIGUSR2', () => process.exit(3))
    const onReady = (program) => { console.log('pid ' + program.pid + '.'); return new Promise(() => {}) }
    await ${call}(${JSON.stringify(DEAF)}, { ready: /ready/, onReady })
  `
  const options = ['--import', 'tsx', '--input-type=module', '-e', code]
  const process_ = await new Process([process.execPath, ...options]).says(/pid \d+\./)
  const pid = Number(/pid (\d+)\./.exec(process_.stdout)?.[1])
  expect(isThere(pid)).toBe(true)
  return [process_, pid]
}

const hasTerminal = refusalOf('script', '-q', '-c', 'true', '/dev/null') === undefined

describe.each<[string, string, string]>([
  ['alone', 'stopLikeDocker', 'docker'],
  ...(hasTerminal
    ? [['in a terminal', 'stopLikeCtrlC', 'ctrl-c'] as [string, string, string]]
    : []),
])('a program that runs %s', (_name, call, file) => {
  test.each([
    ['exits', 'SIGUSR2'],
    ['is ended by a signal', 'SIGTERM'],
    ['is killed', 'SIGKILL'],
  ] as const)('ends when the process of its test %s', async (_how, signal) => {
    const [process_, pid] = await inTheMiddle(call, file)
    process_.send(signal)
    await process_.ended
    await until(() => !isThere(pid))
  })
})

test('a test that is over leaves no listener and no process behind', async () => {
  const code = `
    import { stopLikeDocker } from ${JSON.stringify(source('docker'))}
    const before = process.listenerCount('exit')
    const all = Array.from({ length: 12 }, () => stopLikeDocker(${JSON.stringify(DEAF)}, { ready: /ready/ }))
    const codes = (await Promise.all(all)).map(({ signal }) => signal)
    console.log([...new Set(codes)].join(), process.listenerCount('exit') - before)
  `
  const run = new Process([process.execPath, '--import', 'tsx', '--input-type=module', '-e', code])
  // It ends by itself: nothing of it keeps the process alive.
  expect(await run.ended).toMatchObject({ code: 0, stdout: 'SIGTERM 0\n', stderr: '' })
})

describe.skipIf(process.platform !== 'linux')('a child in a session of its own', () => {
  /** Starts one, and says its number; with `env` it has no variable of its parent's. */
  const parent = (options: string, rest: string) => [
    process.execPath,
    '-e',
    `const { spawn } = require('node:child_process')
     const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore', ${options} })
     ${rest}
     setInterval(() => {}, 1000)
     console.log('child ' + child.pid + '.')`,
  ]
  const numberIn = (text: string) => Number(/child (\d+)\./.exec(text)?.[1])

  test.each(['', 'env: { PATH: process.env.PATH }'])(
    'is ended with its program: %s',
    async (options) => {
      const command = parent(options, '') as [string, ...string[]]
      const { stdout, leftBehind, notes } = await stopLikeDocker(command, { ready: /child \d+\./ })
      expect(leftBehind).toBe(true)
      expect(notes.join()).toContain(`pid ${numberIn(stdout)}`)
      await until(() => !isThere(numberIn(stdout)))
    },
  )

  test('is ended where the process of its test is killed', async () => {
    const code = `
      import { stopLikeDocker } from ${JSON.stringify(source('docker'))}
      const onReady = ({ stdout }) => { console.log(stdout); return new Promise(() => {}) }
      await stopLikeDocker(${JSON.stringify(parent('', ''))}, { ready: /child/, onReady })`
    const run = new Process([
      process.execPath,
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      code,
    ])
    await run.says(/child \d+\./)
    run.send('SIGKILL')
    await run.ended
    await until(() => !isThere(numberIn(run.stdout)))
  })
})
