import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  cli,
  folder,
  lastcall,
  listener,
  node,
  Process,
  refusalOf,
  skipped,
  until,
} from '../support/programs/command-line.ts'

const refused = refusalOf('script', '-qec', 'true', '/dev/null')
const needed = skipped(refused)
const CTRL_C = '\u0003'

/** Longer than what counts as the same press, which is what is tried here. */
const anotherPress = () => new Promise((resolve) => setTimeout(resolve, 300))

/** Runs this in a terminal of its own, whose keys are what is written to stdin. */
function inTerminal(words: readonly string[], after = ''): Process {
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const stdio = ['pipe', 'pipe', 'pipe'] as const
  return new Process(['script', '-qec', `exec ${quoted} ${after}`, '/dev/null'], {
    stdio: [...stdio],
  })
}

/** What was told line by line, without what the terminal adds. */
const lines = (text: string) => text.replaceAll('\r', '').replaceAll('^C', '').trim().split('\n')

test('stdin, stdout and stderr are those of the program', async () => {
  const run = cli(['run', '--', 'sh', '-c', 'cat; echo wrong >&2'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  run.child.stdin?.end('one\ntwo')
  expect(await run.ended).toMatchObject({ code: 0, stdout: 'one\ntwo', stderr: 'wrong\n' })
})

test('a megabyte passes through whole', async () => {
  const run = cli(['run', '--', 'cat'], { stdio: ['pipe', 'pipe', 'pipe'] })
  const text = 'x'.repeat(1_000_000)
  run.child.stdin?.end(text)
  expect((await run.ended).stdout === text).toBe(true)
})

test('a reader that goes away ends the program by SIGPIPE, as without a wrapper', async () => {
  const script = '{ "$@"; echo $? >&2; } | head -n 1'
  const run = cli(['run', '--', 'yes'], { prefix: ['sh', '-c', script, 'sh'] })
  expect(await run.ended).toMatchObject({ stdout: 'y\n', stderr: '141\n' })
})

test('the program has no descriptors of the wrapper but these three', async () => {
  const run = await cli(['run', '--', ...listener([], ''), 'program']).says('ready')
  const own = new Process([...listener([], '')])
  await own.says('ready')
  const child = Number(readFileSync(`/proc/${run.pid}/task/${run.pid}/children`, 'utf8'))
  expect(readdirSync(`/proc/${child}/fd`)).toEqual(readdirSync(`/proc/${own.pid}/fd`))
  run.send('SIGTERM')
  await run.ended
})

test('the arguments are its own, whatever they look like', async () => {
  const args = ['--grace', '1s', '-h', '--', '', 'a b', '--detach', '007', '*']
  const code = 'console.log(JSON.stringify(process.argv.slice(1)))'
  const { stdout } = await cli(['run', '--', ...node(code), '--', ...args]).ended
  expect(JSON.parse(stdout)).toEqual(args)
})

test.skipIf(refused)(`a terminal stays a terminal${needed}`, async () => {
  const code = 'console.log([0, 1, 2].map((fd) => require("node:tty").isatty(fd)).join())'
  const run = inTerminal(lastcall('run', '--', ...node(code)))
  expect(lines((await run.ended).stdout)).toEqual(['true,true,true'])
})

test.skipIf(refused)(
  `a Ctrl-C reaches the program exactly once, and the wrapper waits for it${needed}`,
  async () => {
    const body = `setTimeout(() => { say('bye'); process.exit(5) }, 400)`
    const run = inTerminal(lastcall('run', '--', ...listener(['SIGINT', 'SIGTERM'], body)))
    await run.says('ready')
    run.child.stdin?.write(CTRL_C)
    const ended = await run.ended
    expect(lines(ended.stdout)).toEqual(['ready', 'SIGINT', 'bye'])
    expect(ended.code).toBe(5)
  },
)

test.skipIf(refused)(`so does every further one${needed}`, async () => {
  const body = `if (++presses === 3) process.exit(130)`
  const program = listener(['SIGINT', 'SIGTERM'], body)
  program[2] = `let presses = 0; ${program[2]}`
  const run = await inTerminal(lastcall('run', '--', ...program)).says('ready')
  for (const press of [1, 2, 3]) {
    run.child.stdin?.write(CTRL_C)
    await until(() => run.stdout.split('SIGINT').length > press)
    await anotherPress()
  }
  const ended = await run.ended
  expect(lines(ended.stdout)).toEqual(['ready', 'SIGINT', 'SIGINT', 'SIGINT'])
  expect(ended.code).toBe(130)
})

test.skipIf(refused)(
  `with --group a Ctrl-C is passed on, for the terminal does not reach another group${needed}`,
  async () => {
    const body = 'process.exit(6)'
    const run = inTerminal(lastcall('run', '--group', '--', ...listener(['SIGINT'], body)))
    await run.says('ready')
    run.child.stdin?.write(CTRL_C)
    const ended = await run.ended
    expect(lines(ended.stdout)).toEqual(['ready', 'SIGINT'])
    expect(ended.code).toBe(6)
  },
)

test.skipIf(refused)(`a SIGTERM is passed on at once in a terminal, too${needed}`, async () => {
  const path = folder()
  const program = listener(['SIGTERM'], 'process.exit(7)')
  const args = ['run', '--pidfile', `${path}/pid`, '--', ...program]
  const run = await inTerminal(lastcall(...args)).says('ready')
  expect((await cli(['stop', `${path}/pid`]).ended).code).toBe(0)
  expect(await run.ended).toMatchObject({ code: 7 })
  expect(lines(run.stdout)).toEqual(['ready', 'SIGTERM'])
})

test.skipIf(refused)(
  `a program that ends by the Ctrl-C gives 130, and no comment${needed}`,
  async () => {
    const run = inTerminal(lastcall('run', '--', 'sh', '-c', 'echo ready; exec sleep 1000'))
    await run.says('ready')
    run.child.stdin?.write(CTRL_C)
    const ended = await run.ended
    expect(lines(ended.stdout)).toEqual(['ready'])
    expect(ended.code).toBe(130)
  },
)

test.skipIf(refused)(
  `a Ctrl-C reaches it once where its output goes to a file, too${needed}`,
  async () => {
    const path = folder({ log: '' })
    const log = () => readFileSync(`${path}/log`, 'utf8')
    const body = 'setTimeout(() => process.exit(5), 400)'
    const words = lastcall('run', '--', ...listener(['SIGINT', 'SIGTERM'], body))
    const run = inTerminal(words, `> ${path}/log 2>&1`)
    await until(() => log().includes('ready'))
    run.child.stdin?.write(CTRL_C)
    expect((await run.ended).code).toBe(5)
    expect(log()).toBe('ready\nSIGINT\n')
  },
)
