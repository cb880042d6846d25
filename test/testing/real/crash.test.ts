import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  crashLikeOutOfMemory,
  crashLikeUncaughtException,
  crashLikeUnhandledRejection,
} from '../../../src/testing/real/crash.ts'
import { folder } from '../../support/programs/command-line.ts'
import { DEAF, isThere, node, withLastcall } from './programs.ts'

const ready = /^ready$/m

describe.each([
  ['an uncaught exception', crashLikeUncaughtException, 'uncaughtException'],
  ['an unhandled rejection', crashLikeUnhandledRejection, 'unhandledRejection'],
] as const)('%s', (fault, crash, event) => {
  test('with lastcall, the hooks run, and the code is 1', async () => {
    const stopped = await crash(withLastcall(), { ready })
    expect(stopped).toMatchObject({ code: 1, signal: null, killed: false, leftBehind: false })
    expect(stopped.stdout).toBe('ready\npool closed\n')
    expect(stopped.notes).toEqual([])
  })

  test('without it, Node ends the program, and says why', async () => {
    const { code, stderr } = await crash(DEAF, { ready })
    expect(code).toBe(1)
    expect(stderr).toContain(`Error: ${fault}, from the test`)
  })

  test('a program that goes on is killed, and a note says so', async () => {
    const program = node(`
      process.on('${event}', ({ message }) => console.log(message))
      setInterval(() => {}, 1000)
      console.log('ready')
    `)
    const stopped = await crash(program, { ready, grace: 300 })
    expect(stopped).toMatchObject({ killed: true, stdout: `ready\n${fault}, from the test\n` })
    expect(stopped.notes).toEqual([`it has not ended after ${fault}: it goes on, or a hook hangs`])
  })
})

describe('the module that is preloaded', () => {
  test('leaves NODE_OPTIONS as they were, and is not in what the program starts', async () => {
    const program = node(`
      import { execFileSync } from 'node:child_process'
      console.log(process.title + ' ' + process.env.NODE_OPTIONS)
      const count = 'console.log(process.listenerCount("SIGURG"))'
      console.log(process.listenerCount('SIGURG') + ' ' + execFileSync(process.execPath, ['-e', count]))
      setInterval(() => {}, 1000)
      console.log('ready')
    `)
    const env = { NODE_OPTIONS: '--title=mine' }
    const { code, stdout } = await crashLikeUncaughtException(program, { ready, env })
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'mine --title=mine\n1 0\n\nready\n' })
  })

  test('leaves a CommonJS program the main module, also in the shell form with exec', async () => {
    const cwd = folder({
      'server.cjs': `
        setInterval(() => {}, 1000)
        console.log(require.main === module)
        console.log('ready')`,
    })
    const command = `exec '${process.execPath}' server.cjs`
    const { code, stdout } = await crashLikeUncaughtException(command, { ready, cwd })
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'true\nready\n' })
  })

  test('may be in a folder with spaces and quotes, and is removed', async () => {
    const path = join(folder(), 'a "b" \\c ')
    mkdirSync(path)
    const before = process.env.TMPDIR
    process.env.TMPDIR = path
    try {
      const stopped = await crashLikeUncaughtException(withLastcall(), { ready })
      expect(stopped.code).toBe(1)
    } finally {
      if (before === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = before
    }
    expect(readdirSync(path)).toEqual([])
  })
})

test.skipIf(process.platform !== 'linux')('a program that is not Node is refused', async () => {
  const refused = crashLikeUncaughtException('echo ready; sleep 1000; true', { ready })
  await expect(refused).rejects.toMatchObject({
    code: 'LASTCALL_NOT_READY',
    message: expect.stringContaining('the process that was started is not Node; start Node itself'),
  })
})

test('out of memory: the program alone is killed, and what it leaves is reported', async () => {
  const child = `const { spawn } = require('node:child_process')
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
    console.log('child ' + child.pid + '\\nready')`
  const stopped = await crashLikeOutOfMemory([process.execPath, '-e', child], { ready })
  expect(stopped).toMatchObject({ code: null, signal: 'SIGKILL', killed: false, leftBehind: true })
  const pid = Number(/child (\d+)/.exec(stopped.stdout)?.[1])
  expect(stopped.notes).toEqual([`left behind, and killed: sleep 1000 (pid ${pid})`])
  expect(isThere(pid)).toBe(false)
  const alone = await crashLikeOutOfMemory(withLastcall(), { ready })
  expect(alone).toMatchObject({ signal: 'SIGKILL', leftBehind: false, stdout: 'ready\n' })
})
