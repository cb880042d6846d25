import type { Edit, SourceFile } from '../../parse/source.ts'
import type { World } from '../../world.ts'

/** Reports a stop signal that the application doesn't hear. */
export function checkStopSignal(
  world: World,
  place: {
    readonly file: SourceFile
    readonly offset: number
    /** As it is written: `SIGQUIT`, `QUIT`, `3`. */
    readonly signal: string
    /** What is set: `STOPSIGNAL`, `stop_signal`. */
    readonly setting: string
    edits(signal: string): readonly Edit[]
  },
): void {
  const { file, offset, setting } = place
  const signal = signalNameOf(place.signal)
  const heard = world.signals(file)
  if (signal === undefined || heard === undefined || heard.includes(signal)) return
  const better = heard.includes('SIGTERM') ? 'SIGTERM' : (heard[0] ?? 'SIGTERM')
  const says =
    signal === 'SIGKILL'
      ? `${setting} is SIGKILL: the stop begins with what should be its last resort. No process can hear it, and no hook runs.`
      : `${setting} is ${signal}, and the application listens to ${heard.join(', ')}: ${IGNORED.has(signal) ? 'the signal does nothing, and the application is killed when the grace is over' : 'the signal ends it at once, or is ignored at PID 1'}. No hook runs.`
  world.report({
    rule: 'stop-signal-unheard',
    file,
    offset,
    says,
    fix: `Send ${better}, or add ${signal} to the signals of createShutdown().`.replace(
      ', or add SIGKILL to the signals of createShutdown()',
      '',
    ),
    edits: place.edits(better),
  })
}

/** What does nothing to a process that doesn't listen. */
const IGNORED = new Set(['SIGWINCH', 'SIGCHLD', 'SIGURG', 'SIGCONT'])

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

/** The full name of a signal, however it is written; `undefined` for a variable. */
function signalNameOf(text: string): string | undefined {
  const bare = text.trim().replace(/^(['"])(.*)\1$/, '$2')
  if (NUMBERS[bare]) return NUMBERS[bare]
  const name = bare.toUpperCase().replace(/^SIG/, '')
  return /^[A-Z]+[A-Z0-9]*$/.test(name) ? `SIG${name}` : undefined
}
