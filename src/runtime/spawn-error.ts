import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'

/**
 * Explains why a program could not be started, from the system's error code, and what to do about it.
 *
 * @param fix what to do if the whole command line was given as the program's name
 */
export function explainSpawnError(
  error: unknown,
  { command, args, cwd }: Startable,
  fix = 'write the arguments into `args`',
): SpawnError {
  const failed = (why: string, exitCode = 127) => ({
    message: `cannot be started: ${why}`,
    exitCode,
  })
  const { code, message } = error as NodeJS.ErrnoException
  const isPath = command.includes('/')
  // A missing folder gives ENOENT as well, but the system's message names the program.
  if (cwd !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    return failed(`its folder '${cwd}' ${existsSync(cwd) ? 'is no folder' : 'does not exist'}`)
  }
  if (code === 'ENOENT' && isPath && existsSync(resolve(cwd ?? '.', command))) {
    const why = 'the interpreter that its first line names (#!) does not exist'
    return failed(`'${command}' is there, but ${why}`)
  }
  if (code === 'ENOENT') {
    const where = isPath ? 'there is no such file' : 'it is not in any folder of PATH'
    const [program = ''] = command.trim().split(/\s/)
    // A whole command line: its arguments may hold secrets.
    const isLine = program !== command && args.length === 0
    return isLine
      ? failed(`'${program} …' was not found, ${where}; ${fix}`)
      : failed(`'${command}' was not found, ${where}`)
  }
  if (code === 'EACCES') {
    const why = `it is a folder, or not executable (chmod +x ${command})`
    return failed(`'${command}' may not be executed: ${why}`, 126)
  }
  return failed(message, 126)
}

/** Why a program could not be started, and the exit code that a shell would give for it. */
export interface SpawnError {
  readonly message: string
  readonly exitCode: number
}

interface Startable {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string | undefined
}
