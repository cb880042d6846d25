import { builtinModule } from './builtin-modules.ts'
import { exitProcess, hasExitBegun, ownExitCode } from './exit.ts'
import { listenTo } from './listeners.ts'
import { isInteractive, openOutputs, outputOf, writeToStderr } from './outputs.ts'
import type { ProcessPort } from './process-port.ts'
import { sharedShutdowns } from './shared-shutdowns.ts'
import { startShell } from './shell.ts'
import { startThread } from './thread.ts'

export type { ProcessPort } from './process-port.ts'

/** The process itself. Only files of this folder touch it. */
export const systemProcess: ProcessPort = {
  get pid() {
    return process.pid
  },
  get ppid() {
    return process.ppid
  },
  get platform() {
    return process.platform
  },
  get env() {
    return process.env
  },
  get interactive() {
    return isInteractive()
  },
  get hasTerminalAsStderr() {
    return outputOf('stderr')?.isTTY === true
  },
  get exitCode() {
    return ownExitCode()
  },
  get sharedShutdowns() {
    return sharedShutdowns()
  },
  // Taken when the module loads: fake timers may replace it later.
  sharedTime: process.hrtime.bigint,
  fileExists: (path) => builtinModule('node:fs').existsSync(path),
  on: listenTo,
  expectListeners: (signal) => builtinModule('node:events').setMaxListeners(0, signal),
  warn: writeToStderr,
  outputs: openOutputs,
  activeResources() {
    const counts: Record<string, number> = {}
    // Not every runtime has it.
    for (const kind of process.getActiveResourcesInfo?.() ?? []) {
      counts[kind] = (counts[kind] ?? 0) + 1
    }
    return counts
  },
  startThread,
  startShell,
  exit: exitProcess,
  get isExiting() {
    return hasExitBegun()
  },
  failWith(code) {
    if (!process.exitCode) process.exitCode = code
  },
}

/** The path of the program that runs this process: Node. */
export function nodeProgram(): string {
  return process.execPath
}
