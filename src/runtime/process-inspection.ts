import { builtinModule } from './builtin-modules.ts'
import { isHeldListener, originalOf } from './node/held-listeners.ts'
import { ourListeners } from './process.ts'
import { signalNumbers } from './signals.ts'

/** What `diagnose()` reads. Tests pass a fake. */
export interface ProcessInspection {
  readonly pid: number
  /** The text of a file; `undefined` if the file does not exist or cannot be read. */
  read(path: string): string | undefined
  /** The numbers of the signals, by their names. */
  readonly signals: Readonly<Record<string, number>>
  /** The listeners to a signal in this process, and whether lastcall has added them. */
  listeners(signal: string): readonly SignalListener[]
}

interface SignalListener {
  readonly listener: unknown
  readonly isOurs: boolean
  /** Whether it is called when the hooks have ended, not at the signal. */
  readonly isHeld?: boolean
}

export const systemInspection: ProcessInspection = {
  get pid() {
    return process.pid
  },
  get signals() {
    return signalNumbers()
  },
  read(path) {
    try {
      return builtinModule('node:fs').readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
  listeners: (signal) =>
    process.rawListeners(signal as NodeJS.Signals).map((raw) => {
      const listener = originalOf(raw)
      return { listener, isOurs: ourListeners().has(listener), isHeld: isHeldListener(raw) }
    }),
}
