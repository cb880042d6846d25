import type { ExamineContext } from '../../examine-context.ts'
import type { Edit, SourceFile } from '../../parse/source.ts'

/** Reports a stop signal that the application does not listen to. */
export function checkStopSignal(
  context: ExamineContext,
  place: {
    readonly file?: SourceFile
    readonly offset: number
    /** As the file has it: `SIGQUIT`, `QUIT`, `3`. */
    readonly signal: string
    /** The name of the setting: `STOPSIGNAL`, `stop_signal`. */
    readonly setting: string
    edits(signal: string): readonly Edit[]
  },
): void {
  const { setting, edits, ...where } = place
  const signal = signalNameOf(place.signal)
  const heard = context.application.signals(context.file)
  if (signal === undefined || heard === undefined || heard.includes(signal)) return
  const better = heard.includes('SIGTERM') ? 'SIGTERM' : (heard[0] ?? 'SIGTERM')
  const effect = IGNORED_BY_DEFAULT.has(signal)
    ? 'the signal does nothing, and the application is killed when the grace is over'
    : 'the signal ends it at once, or is ignored at PID 1'
  const isKill = signal === 'SIGKILL'
  context.report({
    ...where,
    rule: 'stop-signal-unheard',
    says: isKill
      ? `${setting} is SIGKILL: the stop begins with the last resort. No process can listen to it, and no hook runs.`
      : `${setting} is ${signal}, and the application listens to ${heard.join(', ')}: ${effect}. No hook runs.`,
    fix: isKill
      ? `Send ${better}.`
      : `Send ${better}, or add ${signal} to the signals of createShutdown().`,
    edits: edits(better),
  })
}

/** Signals that do nothing to a process without a listener. */
const IGNORED_BY_DEFAULT = new Set(['SIGWINCH', 'SIGCHLD', 'SIGURG', 'SIGCONT'])

const NUMBERS: Readonly<Record<string, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  12: 'SIGUSR2',
  15: 'SIGTERM',
  28: 'SIGWINCH',
}

/** The full name of a signal, also from its number or without SIG; `undefined` for a variable. */
function signalNameOf(text: string): string | undefined {
  const bare = text.trim().replace(/^(['"])(.*)\1$/, '$2')
  if (NUMBERS[bare]) return NUMBERS[bare]
  const name = bare.toUpperCase().replace(/^SIG/, '')
  return /^[A-Z]+[A-Z0-9]*$/.test(name) ? `SIG${name}` : undefined
}
