import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, rmSync, statSync } from 'node:fs'
import { systemProcess } from '../runtime/process.ts'
import { Failure, usageError } from './failure.ts'
import { DETACHED, terminal } from './terminal.ts'

/** The message from the background process to the process that started it. */
export type Started = { readonly pid: number } | { readonly code: number; readonly message: string }

/**
 * Runs the same command in the background, in its own session, with its output in a file. Resolves with
 * its pid once the program or group has started.
 */
export function detach(output: string): Promise<number> {
  const isNew = !existsSync(output)
  const file = openOutput(output)
  const [program, script] = terminal.self
  const child = spawn(program, [script, ...terminal.args], {
    detached: true,
    env: { ...systemProcess.env, [DETACHED]: 'yes' },
    stdio: ['ignore', file, file, 'ipc'],
  })
  closeSync(file)
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('message', (started: Started) => {
      // Deno delivers the message after the other side closed the channel: disconnect() would throw.
      if (child.connected) child.disconnect()
      child.unref()
      if ('pid' in started) resolve(started.pid)
      else {
        if (isNew && statSync(output).size === 0) rmSync(output, { force: true })
        reject(new Failure(started.code, started.message))
      }
    })
    child.once('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`
      reject(usageError(`it ended with ${how} before it had started anything; see ${output}`))
    })
  })
}

function openOutput(path: string): number {
  try {
    return openSync(path, 'a')
  } catch (error) {
    throw usageError(`--output ${path} cannot be written: ${(error as Error).message}`)
  }
}
