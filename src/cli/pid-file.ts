import {
  closeSync,
  constants,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { CODES, Failure, usageError } from './failure.ts'
import { isTrusted, type PidFile, pidFileText, readPidFile, whyAnother } from './pid-file-text.ts'
import { isAlive, nameOf } from './process-table.ts'
import { terminal } from './terminal.ts'

// The folder of a pid file may belong to a user without rights, who can put a link, a pipe or another file
// in the place of any name in it, at any time. So no step follows a link, a new file must be new, and
// nothing that a step reads decides about anything outside of the folder.

/**
 * Writes the pid of this process into a file. Returns a function that removes it.
 *
 * @throws Failure if the file belongs to a running process
 */
export function claimPidFile(path: string): () => void {
  const text = pidFileText(terminal.pid)
  const draft = `${path}.${terminal.pid}.${Math.random().toString(36).slice(2)}`
  try {
    writeNewFile(draft, text)
    try {
      // A link appears with its whole content at once, and fails if the file exists.
      while (!linkIfFree(draft, path)) removeStaleFile(path, `${draft}.stale`)
    } finally {
      removeIfExists(draft)
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw usageError(`the pid file ${path} cannot be written: ${(error as Error).message}`)
  }
  return () => {
    if (holds(path, text)) removeIfExists(path)
  }
}

/** The process that a pid file names, and when it started. */
export interface Target {
  readonly pid: number
  /** In the kernel's unit; `undefined` if the file does not say it. */
  readonly start: string | undefined
}

/**
 * The running process that a pid file names.
 *
 * @throws Failure if there is no such file, if it holds no pid, if the process has ended, if another one has
 *   got its pid, or if the file belongs to a user who may not decide
 */
export function processOfPidFile(path: string): Target {
  const file = readOrRefuse(path)
  if (!file) throw new Failure(CODES.notRunning, `there is no pid file ${path}`)
  const { named } = file
  // A file that is no pid file may hold secrets: none of its text is shown.
  if (!named)
    throw usageError(`${path} holds no pid: a single number was expected in its first line`)
  const { pid, start } = named
  const stale = (why: string) => new Failure(CODES.notRunning, `${path} is stale: ${why}`)
  if (!isAlive(pid)) throw stale(`process ${pid} has ended without removing it`)
  const why = whyAnother(file)
  if (why !== undefined) {
    const name = nameOf(pid)
    const another = `process ${pid}${name === undefined ? '' : ` (${name})`}`
    throw stale(
      `${another} ${why}, so it is another one that has got the pid; remove the file, or stop that process by its pid`,
    )
  }
  if (!isTrusted(file)) {
    throw new Failure(
      CODES.notPermitted,
      `${path} belongs to user ${file.user}, and that user has no right to stop process ${pid}; stop the process by its pid, or as that user`,
    )
  }
  return { pid, start }
}

/** Removes a file whose process has ended. */
function removeStaleFile(path: string, aside: string): void {
  const file = readPidFile(path)
  if (!file) return
  if (isHeld(file)) {
    throw usageError(
      `${path} belongs to process ${file.named?.pid}, which is running: stop it first (lastcall stop ${path}), or use another --pidfile`,
    )
  }
  try {
    // If several processes find the file stale, only one of them can rename it.
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  // Between the check and the renaming, another process may have written its own file: put it back.
  if (!holds(aside, file.text)) linkIfFree(aside, path)
  removeIfExists(aside)
}

/** Whether the process that a file names runs, and is the lastcall that has written it, as far as the system tells. */
function isHeld(file: PidFile): boolean {
  const { named } = file
  if (!named || named.pid === terminal.pid || !isAlive(named.pid)) return false
  if (whyAnother(file) !== undefined) return false
  return named.start !== undefined || (nameOf(named.pid)?.startsWith('lastcall') ?? true)
}

function readOrRefuse(path: string): PidFile | undefined {
  try {
    return readPidFile(path)
  } catch (error) {
    throw usageError(`the pid file ${path} cannot be read: ${(error as Error).message}`)
  }
}

function holds(path: string, text: string): boolean {
  try {
    return readPidFile(path)?.text === text
  } catch {
    // It has become a link, a folder or another's file.
    return false
  }
}

/** Fails if anything has this name, also a link. */
function writeNewFile(path: string, text: string): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644)
  try {
    writeFileSync(file, text)
  } finally {
    closeSync(file)
  }
}

/** Removes a name, never what a link of that name leads to. */
function removeIfExists(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
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
