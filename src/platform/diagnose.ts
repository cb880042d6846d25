import { type ProcessInspection, systemInspection } from '../runtime/process-inspection.ts'
import { type ProcessInfo, parentsOf, processInfo, signalsInMask } from './process-info.ts'
import { describeListener, type OtherListener } from './signal-listeners.ts'

/** What affects the stop of this process, as plain data. */
export interface Diagnosis {
  readonly pid: number
  /** Whether the system has `/proc`. Without it (macOS, Windows), only the listeners are known. */
  readonly hasProc: boolean
  /** PID 1, as this process sees it; `null` if it cannot see it. */
  readonly pid1: ProcessInfo | null
  /** The parent processes, the nearest first. */
  readonly parents: readonly ProcessInfo[]
  /** The control group. It names a container or a systemd unit; `null` where there is none. */
  readonly cgroup: string | null
  /** What happens to signals to this process; `null` without `/proc`. */
  readonly signals: ProcessSignals | null
  /** The listeners to SIGTERM and SIGINT in this process. */
  readonly listeners: readonly SignalListeners[]
  /** The problems: what will, or may, break the stop. */
  readonly findings: readonly DiagnosisFinding[]
}

/** The names of signals, from `/proc/self/status`. */
export interface ProcessSignals {
  /** Signals that do nothing. */
  readonly ignored: readonly string[]
  /** Signals that the kernel holds back. */
  readonly blocked: readonly string[]
  /** Signals that have a handler. */
  readonly caught: readonly string[]
}

export interface SignalListeners {
  readonly signal: 'SIGTERM' | 'SIGINT'
  /** How many listeners lastcall has added. */
  readonly ours: number
  readonly others: readonly OtherListener[]
}

export type DiagnosisId =
  | 'shell-in-front'
  | 'npm-in-front'
  | 'watcher-in-front'
  | 'signal-ignored'
  | 'signal-blocked'
  | 'nobody-listens'
  | 'listener-exits'

export interface DiagnosisFinding {
  readonly id: DiagnosisId
  readonly severity: 'error' | 'warning'
  /** What happens at the stop. */
  readonly says: string
  readonly fix: string
}

/**
 * Finds what will break the stop of the running process, as `lastcall doctor` does for a deployment: the
 * programs from PID 1 to this process, ignored and blocked signals, and other listeners. It reads
 * `/proc`, changes nothing, and never throws. Call it when the application has started, after `listen()`.
 *
 * @example
 * const { findings } = diagnose()
 * if (findings.length > 0) console.warn(formatDiagnosis(diagnose()))
 */
export function diagnose(): Diagnosis {
  return diagnosisOf(systemInspection)
}

export function diagnosisOf(inspection: ProcessInspection): Diagnosis {
  const self = `/proc/${inspection.pid}`
  const status = inspection.read(`${self}/status`)
  const namesIn = (line: Parameters<typeof signalsInMask>[2]) =>
    signalsInMask(inspection, status ?? '', line)
  const facts: Facts = {
    pid: inspection.pid,
    hasProc: status !== undefined,
    pid1: processInfo(inspection, 1) ?? null,
    parents: parentsOf(inspection),
    cgroup: cgroupOf(inspection.read(`${self}/cgroup`)),
    signals:
      status === undefined
        ? null
        : { ignored: namesIn('SigIgn'), blocked: namesIn('SigBlk'), caught: namesIn('SigCgt') },
    listeners: (['SIGTERM', 'SIGINT'] as const).map((signal) => listenersTo(signal, inspection)),
  }
  const findings = [...parentFindings(facts), ...signalFindings(facts), ...listenerFindings(facts)]
  return { ...facts, findings }
}

type Facts = Omit<Diagnosis, 'findings'>

/** The longest path of all hierarchies: they share one path, but some only have `/`. */
function cgroupOf(text: string | undefined): string | null {
  const paths = (text ?? '').split('\n').map((line) => line.split(':').slice(2).join(':'))
  const [longest = ''] = paths.sort((a, b) => b.length - a.length)
  return longest === '' || longest === '/' ? null : longest
}

function listenersTo(signal: 'SIGTERM' | 'SIGINT', inspection: ProcessInspection): SignalListeners {
  const all = inspection.listeners(signal)
  const others = all
    .filter(({ isOurs }) => !isOurs)
    .map(({ listener, isHeld }) => {
      const { name, exits } = describeListener(listener)
      return { name, exits: exits && !isHeld }
    })
  return { signal, ours: all.length - others.length, others }
}

const IN_FRONT = {
  shell: 'shell-in-front',
  'package manager': 'npm-in-front',
  watcher: 'watcher-in-front',
} as const

/** What keeps the stop signal from this process: the farthest parent in an unbroken chain of such programs. */
function parentFindings({ parents }: Facts): DiagnosisFinding[] {
  const end = parents.findIndex(({ kind }) => !(kind in IN_FRONT))
  const front = parents.slice(0, end < 0 ? parents.length : end).at(-1)
  if (!front) return []
  // A command typed at a terminal is stopped by Ctrl-C, which reaches all its processes.
  const isTypedIn = parents.some(({ kind }) => kind === 'terminal')
  const id = IN_FRONT[front.kind as keyof typeof IN_FRONT]
  const is = front.pid === 1 ? 'is PID 1' : `(pid ${front.pid}) is between this process and PID 1`
  const what =
    id === 'watcher-in-front'
      ? 'It repeats the stop signal, or sends another one, and may kill this process at any time.'
      : 'It does not pass SIGTERM on: a stop that signals it never reaches this process, which is killed or left behind.'
  const fix =
    id === 'shell-in-front'
      ? 'Start the program itself: the exec form of CMD, or exec in the shell.'
      : 'Start what it starts instead.'
  const severity = front.pid === 1 || !isTypedIn ? 'error' : 'warning'
  return [{ id, severity, says: `${front.command} ${is}. ${what}`, fix }]
}

function signalFindings({ signals, listeners, pid }: Facts): DiagnosisFinding[] {
  return listeners.flatMap(({ signal, ours, others }) => {
    const severity = signal === 'SIGTERM' ? 'error' : 'warning'
    const finding = (id: DiagnosisId, says: string, fix: string): DiagnosisFinding[] => [
      { id, severity, says: `${signal} ${says}`, fix },
    ]
    if (signals?.blocked.includes(signal)) {
      return finding(
        'signal-blocked',
        'is blocked: the kernel holds it back, and no listener gets it.',
        'Find out what starts this process with that signal blocked.',
      )
    }
    if (signals?.ignored.includes(signal)) {
      return finding(
        'signal-ignored',
        `is ignored: it does nothing. This process was started like that (trap '' in a shell, nohup).`,
        'Start it without that. A listener, such as the one of listen(), undoes it.',
      )
    }
    if (ours + others.length > 0) return []
    return finding(
      'nobody-listens',
      pid === 1
        ? 'has no listener, and this is PID 1: the kernel ignores it, and the process is killed when the grace is over.'
        : 'has no listener: it ends the process at once, and no hook runs.',
      'Call listen() of a shutdown before diagnose().',
    )
  })
}

function listenerFindings({ listeners }: Facts): DiagnosisFinding[] {
  return listeners.flatMap(({ signal, others }) =>
    others
      .filter(({ exits }) => exits)
      .map(({ name }) => ({
        id: 'listener-exits',
        severity: 'warning',
        says: `${name === '' ? 'A listener without a name' : `The listener ${name}`} of ${signal} ends the process itself: hooks that still run are cut off.`,
        fix: "Move what it does into a hook and remove it, or set signals: { others: 'after' }.",
      })),
  )
}

/** A diagnosis in a few lines, for people. */
export function formatDiagnosis(diagnosis: Diagnosis): string {
  const { pid, hasProc, parents, pid1, cgroup, signals, listeners, findings } = diagnosis
  const chain = parents.map((parent) => `${parent.command} (${parent.pid})`)
  const position = pid === 1 ? `pid 1 itself` : [`pid ${pid}`, ...chain].join(' under ')
  const unseen = pid1 && pid !== 1 && parents.at(-1)?.pid !== 1 ? `; PID 1 is ${pid1.command}` : ''
  const list = (title: string, names: readonly string[] = []) =>
    names.length === 0 ? [] : `${title}: ${names.join(', ')}`
  return [
    hasProc
      ? `${position}${unseen}`
      : `pid ${pid}; there is no /proc, so only the listeners are known`,
    cgroup === null ? [] : `cgroup ${cgroup}`,
    listeners.map(listenerLine),
    list('ignored', signals?.ignored),
    list('blocked', signals?.blocked),
    findings.map(({ id, severity, says, fix }) => `${severity} ${id}: ${says} ${fix}`),
    findings.length === 0 ? 'nothing found that would break the stop' : [],
  ]
    .flat()
    .join('\n')
}

function listenerLine({ signal, ours, others }: SignalListeners): string {
  const names = others.map(({ name }) => (name === '' ? 'one without a name' : name))
  const all = [...(ours > 0 ? ['lastcall'] : []), ...names]
  return `${signal}: heard by ${all.length === 0 ? 'no listener' : all.join(', ')}`
}
