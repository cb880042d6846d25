import { linkSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { CODES, Failure, usageError } from './failure.ts'
import { commandOf, isAlive, isPid } from './process-table.ts'
import { terminal } from './terminal.ts'

/**
 * Writes this process's number into a file that no running process has; returns a way to remove it.
 *
 * @throws Failure where a process that runs has the file
 */
export function takePidFile(path: string): () => void {
  const own = `${path}.${terminal.pid}`
  try {
    writeFileSync(own, `${terminal.pid}\n`)
    // A link appears with its content at once, and fails where there is a file.
    while (!link(own, path)) moveAside(path)
  } catch (error) {
    if (error instanceof Failure) throw error
    throw usageError(`the pid file ${path} cannot be written: ${(error as Error).message}`)
  } finally {
    removeQuietly(own)
  }
  return () => {
    if (read(path) === String(terminal.pid)) rmSync(path, { force: true })
  }
}

/**
 * The process that a pid file names.
 *
 * @throws Failure where there is no such file, or nothing that could be a pid in it
 */
export function pidIn(path: string): number {
  const text = readOrRefuse(path)
  if (text === undefined) {
    throw new Failure(CODES.notRunning, `there is no pid file ${path}`)
  }
  if (!isPid(text)) {
    const got = JSON.stringify(text.slice(0, 40))
    throw usageError(`${path} holds no pid: a number alone was expected, got ${got}`)
  }
  const pid = Number(text)
  if (!isAlive(pid)) {
    throw new Failure(
      CODES.notRunning,
      `${path} is stale: process ${pid} has ended without removing it`,
    )
  }
  return pid
}

/** Takes a stale file out of the way. */
function moveAside(path: string): void {
  const text = read(path)
  if (text === undefined) {
    if (lstatSync(path, { throwIfNoEntry: false })) {
      throw usageError(
        `the pid file ${path} cannot be written: it is a link that leads nowhere; remove it`,
      )
    }
    return
  }
  const pid = Number(text)
  if (isPid(text) && pid !== terminal.pid && isHolder(pid)) {
    throw usageError(
      `${path} is held by process ${pid}, which runs: stop it first (lastcall stop ${path}), or name another --pidfile`,
    )
  }
  const aside = `${path}.${terminal.pid}.stale`
  try {
    // Of several that find it stale one alone can do so.
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  // It may have become somebody's between the look and the renaming.
  if (read(aside) !== text) link(aside, path)
  rmSync(aside, { force: true })
}

/**
 * Whether a process may be the one that holds a pid file: it runs, and it is this program, where the
 * system tells. Another one has only got the number, as happens when a container is started again.
 */
function isHolder(pid: number): boolean {
  return isAlive(pid) && (commandOf(pid)?.startsWith('lastcall ') ?? true)
}

function readOrRefuse(path: string): string | undefined {
  try {
    return read(path)
  } catch (error) {
    throw usageError(`the pid file ${path} cannot be read: ${(error as Error).message}`)
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // It could not be written, which has been told.
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
