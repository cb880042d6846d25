import { linkSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { CODES, Failure, usageError } from './failure.ts'
import { commandLineOf, isAlive, isPid } from './process-table.ts'
import { terminal } from './terminal.ts'

/**
 * Writes the pid of this process into a file. Returns a function that removes it.
 *
 * @throws Failure if the file belongs to a running process
 */
export function claimPidFile(path: string): () => void {
  const own = `${path}.${terminal.pid}`
  try {
    writeFileSync(own, `${terminal.pid}\n`)
    // A link appears with its whole content at once, and fails if the file exists.
    while (!linkIfFree(own, path)) removeStaleFile(path)
  } catch (error) {
    if (error instanceof Failure) throw error
    throw usageError(`the pid file ${path} cannot be written: ${(error as Error).message}`)
  } finally {
    try {
      rmSync(own, { force: true })
    } catch {
      // The failed write is already reported.
    }
  }
  return () => {
    if (readIfExists(path) === String(terminal.pid)) rmSync(path, { force: true })
  }
}

/**
 * The pid of the running process that a pid file names.
 *
 * @throws Failure if there is no such file, if it holds no pid, or if the process has ended
 */
export function readPidFile(path: string): number {
  const text = readOrRefuse(path)
  if (text === undefined) throw new Failure(CODES.notRunning, `there is no pid file ${path}`)
  if (!isPid(text)) {
    const got = JSON.stringify(text.slice(0, 40))
    throw usageError(`${path} holds no pid: a single number was expected, got ${got}`)
  }
  const pid = Number(text)
  if (!isAlive(pid)) {
    const problem = `${path} is stale: process ${pid} has ended without removing it`
    throw new Failure(CODES.notRunning, problem)
  }
  return pid
}

/** Removes a file whose process has ended. */
function removeStaleFile(path: string): void {
  const text = readIfExists(path)
  if (text === undefined) {
    if (lstatSync(path, { throwIfNoEntry: false })) {
      throw usageError(
        `the pid file ${path} cannot be written: it is a link to a file that does not exist; remove it`,
      )
    }
    return
  }
  const pid = Number(text)
  if (isPid(text) && pid !== terminal.pid && isHeldBy(pid)) {
    throw usageError(
      `${path} belongs to process ${pid}, which is running: stop it first (lastcall stop ${path}), or use another --pidfile`,
    )
  }
  const aside = `${path}.${terminal.pid}.stale`
  try {
    // If several processes find the file stale, only one of them can rename it.
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  // Between the check and the renaming, another process may have written its own file: put it back.
  if (readIfExists(aside) !== text) linkIfFree(aside, path)
  rmSync(aside, { force: true })
}

/**
 * Whether the process with this pid runs and, as far as the system tells, is lastcall. Another program
 * has the pid by chance, as after a container has been restarted.
 */
function isHeldBy(pid: number): boolean {
  return isAlive(pid) && (commandLineOf(pid)?.startsWith('lastcall ') ?? true)
}

function readOrRefuse(path: string): string | undefined {
  try {
    return readIfExists(path)
  } catch (error) {
    throw usageError(`the pid file ${path} cannot be read: ${(error as Error).message}`)
  }
}

function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function linkIfFree(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
