import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'

/** The program that was to be started. */
export interface Startable {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string | undefined
}

/** Why a program could not be started, and the exit code that a shell would give for it. */
export interface SpawnError {
  readonly message: string
  readonly exitCode: number
}

/**
 * Explains the system's error code, and what to do about it.
 *
 * @param fix what to do where the whole command line was given as the program's name
 */
export function explainSpawnError(
  error: unknown,
  { command, args, cwd }: Startable,
  fix = 'write the arguments into `args`',
): SpawnError {
  const { code, message } = error as NodeJS.ErrnoException
  // A missing folder gives ENOENT as well, and the system's message names the program.
  if (cwd !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    const what = existsSync(cwd) ? 'is no folder' : 'does not exist'
    return { message: `cannot be started: its folder '${cwd}' ${what}`, exitCode: 127 }
  }
  if (code === 'ENOENT' && command.includes('/') && existsSync(resolve(cwd ?? '.', command))) {
    const why = 'the interpreter that its first line names (#!) does not exist'
    return { message: `cannot be started: '${command}' is there, but ${why}`, exitCode: 127 }
  }
  if (code === 'ENOENT') {
    const isPath = command.includes('/')
    const where = isPath ? 'there is no such file' : 'it is not in any folder of PATH'
    const hint = / /.test(command) && args.length === 0 ? `; ${fix}` : ''
    return {
      message: `cannot be started: '${command}' was not found, ${where}${hint}`,
      exitCode: 127,
    }
  }
  if (code === 'EACCES') {
    const why = `it is a folder, or not executable (chmod +x ${command})`
    return { message: `cannot be started: '${command}' may not be executed: ${why}`, exitCode: 126 }
  }
  return { message: `cannot be started: ${message}`, exitCode: 126 }
}
