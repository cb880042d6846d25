import type { Writable } from 'node:stream'
import { wantsColors } from '../text/wants-colors.ts'
import type { ProcessInspection } from './inspect-process.ts'
import type { ProcessPort } from './process-port.ts'
import { newSharedShutdowns, type SharedShutdowns } from './shared-shutdowns.ts'

export type { ProcessPort } from './process-port.ts'

// Known to every copy of the package, whichever version: the shape behind it never changes.
const SHUTDOWNS = Symbol.for('lastcall.shutdowns.v1')
const LISTENERS = Symbol.for('lastcall.listeners.v1')

/** The process itself. This is the one file that touches it. */
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
    const isTerminal = process.stdout?.isTTY || process.stderr?.isTTY
    return isTerminal || process.getBuiltinModule('node:tty').isatty(0)
  },
  get hasTerminalAsStderr() {
    try {
      return process.stderr?.isTTY === true
    } catch {
      return false // Its descriptor was closed before the process began.
    }
  },
  get exitCode() {
    const code = Number(process.exitCode ?? 0) || 0
    // The kernel keeps 8 bits: 256 would read as 0, and was not meant to.
    return code === 0 ? 0 : code & 255 || 1
  },
  get sharedShutdowns() {
    const shared = globalThis as { [SHUTDOWNS]?: SharedShutdowns }
    shared[SHUTDOWNS] ??= newSharedShutdowns()
    return shared[SHUTDOWNS]
  },
  sharedTime: () => hrtime(),
  fileExists: (path) => process.getBuiltinModule('node:fs').existsSync(path),
  on(event, listener) {
    ourListeners().add(listener)
    process.on(event, listener as () => void)
    if (event === 'message') leaveChannelUncounted('unrefCounted')
    return () => {
      if (event === 'message') leaveChannelUncounted('refCounted')
      process.off(event, listener as () => void)
    }
  },
  expectListeners(signal) {
    process.getBuiltinModule('node:events').setMaxListeners(0, signal)
  },
  warn(text) {
    // A reader of stderr that has gone away would be a fault, and saying so another one.
    try {
      deafToErrors(process.stderr).write(text)
    } catch {
      // Its descriptor was closed before the process began: there is nobody to tell.
    }
  },
  outputs() {
    return [() => process.stdout, () => process.stderr].flatMap((open) => {
      try {
        return [open()]
      } catch {
        return [] // Its descriptor was closed before the process began.
      }
    })
  },
  activeResources() {
    const counts: Record<string, number> = {}
    // Not every runtime has it.
    for (const kind of process.getActiveResourcesInfo?.() ?? []) {
      counts[kind] = (counts[kind] ?? 0) + 1
    }
    return counts
  },
  startThread(program, data) {
    try {
      // Deno makes each thread of a cluster's worker fail, and tells it on stderr.
      if ('deno' in process.versions && isClusterWorker()) return undefined
      const { Worker, isMainThread } = process.getBuiltinModule('node:worker_threads')
      if (!isMainThread) return undefined
      // What the application has its threads load, or has in its environment, is nothing for this one.
      const own = { eval: true, env: {}, execArgv: [], name: 'lastcall', workerData: data }
      const thread = new Worker(program, own)
      thread.on('error', ignore).unref()
      ourThreads.add(thread)
      // They are numbered as they are made.
      let hasOthers = thread.threadId > ++numberOfThreads
      const onWorker = (other: object) => {
        hasOthers ||= !ourThreads.has(other)
      }
      process.on('worker', onWorker)
      return {
        hasOtherThreads: () => hasOthers,
        end() {
          process.off('worker', onWorker)
          void thread.terminate()
        },
      }
    } catch {
      return undefined // It is forbidden, for one.
    }
  },
  startShell(script, args) {
    const { spawn } = process.getBuiltinModule('node:child_process')
    try {
      const shell = spawn('/bin/sh', ['-c', script, 'lastcall', ...args], {
        stdio: ['pipe', 'ignore', 'inherit'],
      })
      shell.on('error', ignore).unref()
      shell.stdin.on('error', ignore)
    } catch {
      // There is none, or no process can be started any more.
    }
  },
  exit(code) {
    const mark = () => {
      isExiting = true
    }
    // Ahead of those that may throw.
    process.prependListener('exit', mark)
    try {
      process.exit(code)
    } finally {
      process.off('exit', mark)
    }
  },
  get isExiting() {
    return isExiting
  },
  failWith(code) {
    if (!process.exitCode) process.exitCode = code
  },
}

function isClusterWorker(): boolean {
  // The types have the module's default export alone.
  return Boolean((process.getBuiltinModule('node:cluster') as { isWorker?: boolean }).isWorker)
}

let isExiting = false
const ourThreads = new WeakSet<object>()
let numberOfThreads = 0

/** What a diagnosis is made from. */
export const systemInspection: ProcessInspection = {
  get pid() {
    return process.pid
  },
  get signals() {
    return signalNumbers()
  },
  read(path) {
    try {
      return process.getBuiltinModule('node:fs').readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
  listeners: (signal) =>
    process.listeners(signal as NodeJS.Signals).map((listener) => {
      return { listener, isOurs: ourListeners().has(listener) }
    }),
}

/** The listeners that this package, in whichever copy, has put in place. */
function ourListeners(): WeakSet<object> {
  const shared = globalThis as { [LISTENERS]?: WeakSet<object> }
  shared[LISTENERS] ??= new WeakSet()
  return shared[LISTENERS]
}

/**
 * The modules of Node that have to do with time, whatever the globals are. They are loaded already: to
 * import them would take a tenth of the time that loading this package takes.
 */
export function modulesOfTime() {
  return {
    timers: process.getBuiltinModule('node:timers'),
    clocks: process.getBuiltinModule('node:perf_hooks'),
  }
}

/**
 * The numbers of the signals on this system. Modules of Node are asked for when they are needed:
 * imported, node:os and node:fs would make up a third of the time that loading this package takes.
 */
export function signalNumbers(): Readonly<Record<string, number>> {
  return process.getBuiltinModule('node:os').constants.signals
}

/** What tracing stands on. Only loaded for it. */
export function tracingModules() {
  return {
    get diagnostics() {
      return process.getBuiltinModule('node:diagnostics_channel')
    },
    get hooks() {
      return process.getBuiltinModule('node:async_hooks')
    },
  }
}

/** The program that runs this process: Node. */
export function nodeProgram(): string {
  return process.execPath
}

/** How wide the terminal is that this output goes to, 80 where it is none, and whether colours are wanted there. */
export function terminalOf(output: 'stdout' | 'stderr'): { columns: number; colors: boolean } {
  let stream: { isTTY?: boolean; columns?: number } = {}
  try {
    stream = process[output]
  } catch {
    // Its descriptor was closed before the process began.
  }
  // Some terminals are 0 columns wide until somebody has told them.
  return { columns: stream.columns || 80, colors: wantsColors(process.env, stream.isTTY === true) }
}

/** stdout and stderr, for what others have written: a reader that has gone away is no fault of ours. */
export function standardOutputs(): [Writable, Writable] {
  return [deafToErrors(process.stdout), deafToErrors(process.stderr)]
}

/**
 * Sends a signal to a process or, with a negative number, to every process of a group; 0 only asks
 * whether there is one. False where there is none.
 */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

// Not imported from node:process: that loads what stdin, stdout and stderr need. Taken when the module
// loads: fake timers may replace it later.
export const { nextTick } = process
const hrtime = process.hrtime.bigint

function deafToErrors(stream: Writable): Writable {
  // That of another copy will do, and is known by its mark: a test runner may load one for each file.
  if (!stream.listeners('error').some((one) => IGNORES in one)) stream.on('error', ignore)
  return stream
}

const IGNORES = Symbol.for('lastcall.ignores.v1')
const ignore = Object.assign(() => {}, { [IGNORES]: true })

/**
 * A listener for messages makes Node keep the process alive for as long as its parent is. Ours must
 * not: it is given back to the count that Node keeps, and the application's own listeners still
 * count. (`unref()` would overrule them.)
 */
function leaveChannelUncounted(way: 'refCounted' | 'unrefCounted'): void {
  const channel = process.channel as { refCounted?(): void; unrefCounted?(): void } | undefined
  channel?.[way]?.()
}
