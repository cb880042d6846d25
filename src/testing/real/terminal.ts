import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { systemClock } from '../../runtime/clock.ts'
import type { ExitStatus } from '../../runtime/exit-status.ts'
import { nodeProgram, systemProcess } from '../../runtime/process.ts'
import { MARK } from './environment.ts'
import { Family } from './family.ts'
import { Guard } from './guard.ts'
import { isRunning, type ProgramHandle, type StartOptions } from './handle.ts'

/**
 * Runs in the terminal in place of an interactive shell: it starts the program, survives a Ctrl-C, and
 * reports how the program ended. When its channel closes it kills everything in the terminal.
 */
const SHELL = `
  const { spawn } = require('node:child_process')
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.kill(0, 'SIGKILL'))
  process.once('message', ({ words: [command, ...args], cwd, env }) => {
    const fail = ({ code, message }) => process.send({ error: { code, message } })
    try {
      const child = spawn(command, args, { cwd, env, stdio: ['inherit', 3, 4] })
      child.once('spawn', () => process.send({ pid: child.pid }))
      child.once('error', fail)
      child.once('exit', (code, signal) => process.send({ code, signal }))
    } catch (error) {
      fail(error)
    }
  })
  process.send({ shell: process.pid })
`

const CTRL_C = '\u0003'

/**
 * Starts a process in the foreground of a new terminal. The terminal is its stdin; stdout and
 * stderr are pipes, to keep them apart. Rejects with the system's error where the process can't be started.
 * Resolves with `undefined` without `script`, of util-linux or busybox: it provides the terminal.
 */
export async function startInTerminal(options: StartOptions): Promise<ProgramHandle | undefined> {
  if (systemProcess.platform !== 'linux') return undefined
  const guard = new Guard(options.mark)
  try {
    const handle = await handleIn(options, guard)
    if (handle === undefined) guard.end()
    return handle
  } catch (error) {
    guard.end()
    throw error
  }
}

async function handleIn(
  { mark, ...what }: StartOptions,
  guard: Guard,
): Promise<ProgramHandle | undefined> {
  const inShell = `exec ${[nodeProgram(), '-e', SHELL].map(quote).join(' ')}`
  const script = spawn('script', ['-q', '-c', inShell, '/dev/null'], {
    // `script` runs the command with the shell of the user. With the mark, the guard finds both.
    env: { ...systemProcess.env, SHELL: '/bin/sh', [MARK]: mark },
    stdio: ['pipe', 'ignore', 'ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  })
  const shell = await shellOf(script)
  if (shell === undefined) return undefined
  const family = new Family(shell, mark, [shell, Number(script.pid)])
  guard.watch(family)
  script.send(what)
  const [{ pid, error }] = (await once(script, 'message')) as [{ pid: number; error?: object }]
  if (error) {
    script.disconnect()
    throw error
  }
  const keys = script.stdin as Writable
  keys.on('error', () => {}) // The terminal has ended, and the program with it.
  const [stdout, stderr] = [script.stdio[3], script.stdio[4]] as [Readable, Readable]
  const ends = Promise.all([stdout, stderr].map(endOf))
  const exited = new Promise<ExitStatus>((resolve) => {
    script.on('message', (message: ExitStatus) => {
      if ('code' in message) resolve(message)
    })
    script.once('exit', () => resolve({ code: null, signal: 'SIGHUP' }))
  })
  return {
    pid,
    hasTerminal: true,
    family,
    stdout,
    stderr,
    exited,
    // The shell and `script` hold the outputs open too: these do not end with the program.
    written: exited.then(async () => {
      for (let poll = 0; poll < 2; poll++) await new Promise<void>(systemClock.afterPoll)
    }),
    send() {},
    pressCtrlC: () => void keys.write(CTRL_C),
    release() {
      guard.end()
      if (script.connected) script.disconnect()
      keys.destroy()
      return ends
    },
  }
}

/** The pid of the shell in the terminal; `undefined` where none was started. */
async function shellOf(script: ChildProcess): Promise<number | undefined> {
  try {
    await isRunning(script)
  } catch {
    return undefined
  }
  return new Promise((resolve) => {
    script.once('message', ({ shell }: { shell: number }) => resolve(shell))
    script.once('exit', () => resolve(undefined))
  })
}

function endOf(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'error', 'close']) stream.once(event, () => resolve())
  })
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
