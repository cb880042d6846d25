import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { bootId, isPid, startDateOf, startTimeOf, userOf } from './process-table.ts'
import { terminal } from './terminal.ts'

/** What a pid file says, and what the system knows of the file. */
export interface PidFile {
  readonly text: string
  /** `undefined` if the file holds no pid. */
  readonly named: NamedProcess | undefined
  /** The time of day at which it was written, in milliseconds since 1970. */
  readonly writtenAt: number
  /** The number of the user whom it belongs to. */
  readonly user: number
}

/** A process as a pid file names it. */
export interface NamedProcess {
  readonly pid: number
  /** When it started, in the kernel's unit; `undefined` in files of other programs. */
  readonly start: string | undefined
  /** The start of the system from which the kernel counts. */
  readonly boot: string | undefined
}

/**
 * The text for the pid file of a process. The first line is the pid alone, for other programs. The second
 * one says when the process started, and has no number that kill(1) would take for a pid.
 */
export function pidFileText(pid: number): string {
  const [start, boot] = [startTimeOf(pid), bootId()]
  return start === undefined || boot === undefined
    ? `${pid}\n`
    : `${pid}\nstart=${start} boot=${boot}\n`
}

const FORMAT = /^\s*(\d+)\s*(?:\nstart=(\d+) boot=([\w-]+)\s*)?$/

function namedIn(text: string): NamedProcess | undefined {
  const [, pid = '', start, boot] = FORMAT.exec(text) ?? []
  return isPid(pid) ? { pid: Number(pid), start, boot } : undefined
}

/**
 * Reads a pid file. `undefined` if there is none. Follows no link and waits for no pipe: the folder may
 * belong to another user.
 */
export function readPidFile(path: string): PidFile | undefined {
  const file = openIfExists(path)
  if (file === undefined) return undefined
  try {
    const { size, mtimeMs, uid } = assertFile(file)
    if (size > LONGEST) throw new Error('it is too long for a pid file')
    const buffer = Buffer.alloc(LONGEST)
    const text = buffer.toString('utf8', 0, readSync(file, buffer))
    return { text, named: namedIn(text), writtenAt: mtimeMs, user: uid }
  } finally {
    closeSync(file)
  }
}

/** In bytes. */
const LONGEST = 1024

function assertFile(file: number) {
  const stat = fstatSync(file)
  if (!stat.isFile()) throw new Error('it is no regular file')
  return stat
}

function openIfExists(path: string): number | undefined {
  try {
    // Windows has neither flag.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP') throw new Error('it is a link: name the file that it leads to')
    throw error
  }
}

/**
 * Why the running process with a file's pid is not the one for which the file was written. `undefined` if
 * it is, as far as the system tells.
 */
export function whyAnother({ named, writtenAt }: PidFile): string | undefined {
  if (!named) return undefined
  const { pid, start, boot } = named
  if (start === undefined) {
    const began = startDateOf(pid)
    return began !== undefined && began > writtenAt + TOLERANCE
      ? 'started after the file was written'
      : undefined
  }
  const current = bootId()
  if (current !== undefined && current !== boot) return 'started after the system was restarted'
  const now = startTimeOf(pid)
  return now === undefined || now === start
    ? undefined
    : 'started at another time than the file says'
}

/** In milliseconds. Times of files and of processes are not exact. */
const TOLERANCE = 1000

/**
 * Whether a file may say which process to stop: it belongs to root, to the user of this process, or to the
 * user of the process that it names. Another user could have the process of a stranger stopped.
 */
export function isTrusted({ user, named }: PidFile): boolean {
  if (!named || terminal.user === undefined) return true
  return [0, terminal.user, userOf(named.pid)].includes(user)
}
