import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { CODES, Failure, usageError } from './failure.ts'
import { isAlive, startOf } from './process-table.ts'
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
    rmSync(own, { force: true })
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
  const text = read(path)
  if (text === undefined) {
    throw new Failure(CODES.notRunning, `there is no pid file ${path}`)
  }
  if (!/^[1-9]\d*$/.test(text)) {
    throw usageError(
      `${path} holds no pid: a number alone was expected, got '${text.slice(0, 40)}'`,
    )
  }
  const pid = Number(text)
  if (isStale(path, pid)) {
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
  if (text === undefined) return
  const pid = Number(text)
  if (/^[1-9]\d*$/.test(text) && pid !== terminal.pid && !isStale(path, pid)) {
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

/** Whether the process has ended; or has begun after the file was written, and only got its number. */
function isStale(path: string, pid: number): boolean {
  if (!isAlive(pid)) return true
  const began = startOf(pid)
  // The kernel tells starts in steps of 10 ms from a boot time in whole seconds.
  return began !== undefined && began > statSync(path).mtimeMs + 2000
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
