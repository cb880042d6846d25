import type { Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { builtinModule } from './builtin-modules.ts'

type OutputName = 'stdout' | 'stderr'

/** stdout or stderr. `undefined` where the runtime cannot open its descriptor, and the getter throws. */
export function outputOf(name: OutputName): WriteStream | undefined {
  try {
    return process[name]
  } catch {
    return undefined
  }
}

/** stdout and stderr, as far as they can be opened. */
export function openOutputs(): Writable[] {
  return (['stdout', 'stderr'] as const).flatMap((name) => outputOf(name) ?? [])
}

/** stdout and stderr, for what other programs have written. A reader that has gone away is no error. */
export function standardOutputs(): [Writable, Writable] {
  return [ignoreErrors(process.stdout), ignoreErrors(process.stderr)]
}

/** Writes to stderr. Never throws: where nobody can read it, there is no one to report that to. */
export function writeToStderr(text: string): void {
  try {
    ignoreErrors(process.stderr).write(text)
  } catch {
    // It cannot be opened.
  }
}

/** Whether a person sits at a terminal: stdin, stdout or stderr is one. */
export function isInteractive(): boolean {
  const isOutput = outputOf('stdout')?.isTTY || outputOf('stderr')?.isTTY
  return isOutput || builtinModule('node:tty').isatty(0)
}

/** The width of the terminal that an output goes to, 80 where it is none, and whether it wants colours. */
export function terminalOf(output: OutputName): { columns: number; colors: boolean } {
  const stream = outputOf(output)
  // Some terminals report a width of 0 until it has been set.
  return {
    columns: stream?.columns || 80,
    colors: wantsColors(process.env, stream?.isTTY === true),
  }
}

/** By the rules of no-color.org, and of `FORCE_COLOR` as Node has them: it comes first. */
export function wantsColors(
  { FORCE_COLOR, NO_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (FORCE_COLOR !== undefined) return ['', '1', '2', '3', 'true'].includes(FORCE_COLOR)
  return isTerminal && !NO_COLOR && TERM !== 'dumb'
}

/** Keeps an error of a stream, such as EPIPE, from becoming an uncaught exception. */
function ignoreErrors(stream: Writable): Writable {
  // The listener of another copy of this package will do. It is known by its mark: a test runner may
  // load one copy for each file.
  if (!stream.listeners('error').some((one) => IGNORES in one)) stream.on('error', ignore)
  return stream
}

const IGNORES = Symbol.for('lastcall.ignores.v1')
const ignore = Object.assign(() => {}, { [IGNORES]: true })
