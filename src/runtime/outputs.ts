import type { Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { builtinModule } from './builtin-modules.ts'

type OutputName = 'stdout' | 'stderr'

/** stdout or stderr; `undefined` if its descriptor cannot be opened: then the getter throws. */
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

/** stdout and stderr, to pass on what other programs wrote. A reader that has gone away is no error. */
export function standardOutputs(): [Writable, Writable] {
  return [ignoreErrors(process.stdout), ignoreErrors(process.stderr)]
}

/** Writes to stderr. Never throws: there is no place left to write the error to. */
export function writeToStderr(text: string): void {
  try {
    ignoreErrors(process.stderr).write(text)
  } catch {
    // stderr cannot be opened.
  }
}

/** Whether stdin, stdout or stderr is a terminal, with a person at it. */
export function isInteractive(): boolean {
  const isOutput = outputOf('stdout')?.isTTY || outputOf('stderr')?.isTTY
  return isOutput || builtinModule('node:tty').isatty(0)
}

/** Whether an output is a terminal, its width (else 80), and whether to write colours there. */
export function terminalOf(output: OutputName): {
  columns: number
  colors: boolean
  isTerminal: boolean
} {
  const stream = outputOf(output)
  const isTerminal = stream?.isTTY === true
  // Some terminals report a width of 0 until it has been set.
  return {
    columns: stream?.columns || 80,
    colors: wantsColors(process.env, isTerminal),
    isTerminal,
  }
}

/** Follows Node's rules for `FORCE_COLOR` first, then no-color.org. */
export function wantsColors(
  { FORCE_COLOR, NO_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (FORCE_COLOR !== undefined) return ['', '1', '2', '3', 'true'].includes(FORCE_COLOR)
  return isTerminal && !NO_COLOR && TERM !== 'dumb'
}

/** Keeps an error of a stream, such as EPIPE, from becoming an uncaught exception. */
function ignoreErrors(stream: Writable): Writable {
  // The listener of another copy of this package is enough; its mark identifies it. A test runner may
  // load a copy for each file.
  if (!stream.listeners('error').some((one) => IGNORES in one)) stream.on('error', ignore)
  return stream
}

const IGNORES = Symbol.for('lastcall.ignores.v1')
const ignore = Object.assign(() => {}, { [IGNORES]: true })
