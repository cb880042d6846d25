import { signalNumbers } from './signals.ts'

/** How a process ended: by an exit code or by a signal. The other one is `null`. */
export interface ExitStatus {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export function exitStatusOf(child: {
  readonly exitCode: number | null
  readonly signalCode: NodeJS.Signals | null
}): ExitStatus {
  return { code: child.exitCode, signal: child.signalCode }
}

/** `SIGTERM`, or `exit code 7`. */
export function describeExitStatus({ code, signal }: ExitStatus): string {
  return signal ?? `exit code ${code}`
}

/** The code by which a shell reports how a process ended. */
export function shellCodeOf({ code, signal }: ExitStatus): number {
  return signal === null ? (code ?? 0) : signalExitCode(signal)
}

/** 128 + n: the code by which a shell reports that signal n ended a process. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + (signalNumbers()[signal] ?? 0)
}

/** The exit code that `process.exitCode` stands for: from 0 to 255. */
export function exitCodeIn(value: unknown): number {
  const code = Number(value ?? 0) || 0
  // The kernel keeps 8 bits: 256 would become 0, which means success.
  return code === 0 ? 0 : code & 255 || 1
}
