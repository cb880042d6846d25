import { type ProcessInspection, systemInspection } from '../runtime/process-inspection.ts'
import { type ProcessInfo, parentsOf, processInfo, signalsInMask } from './process-info.ts'

/** What the inspection process is surrounded by, as plain data. */
export interface Diagnosis {
  readonly pid: number
  /** Whether the system tells: without /proc, as on macOS and Windows, only the listeners are known. */
  readonly hasProc: boolean
  /** Who is PID 1 here; `null` where that is not to be seen. */
  readonly pid1: ProcessInfo | null
  /** The parents, the nearest first. */
  readonly parents: readonly ProcessInfo[]
  /** The control group, which names a container or a unit of systemd; `null` where there is none. */
  readonly cgroup: string | null
  /** What the kernel does with signals to this process; `null` where that is not to be seen. */
  readonly signals: ProcessSignals | null
  /** Who listens to SIGTERM and SIGINT in this process. */
  readonly listeners: readonly SignalListeners[]
  /** What will break the stop, or may. */
  readonly findings: readonly DiagnosisFinding[]
}

/** Names of signals, as /proc/self/status has them. */
export interface ProcessSignals {
  readonly ignored: readonly string[]
  readonly blocked: readonly string[]
  readonly caught: readonly string[]
}

export interface SignalListeners {
  readonly signal: 'SIGTERM' | 'SIGINT'
  /** How many of them are those of lastcall. */
  readonly ours: number
  readonly others: readonly OtherListener[]
}

/** Somebody else's listener. */
export interface OtherListener {
  /** Its name, or the package that it is known to be of; empty where it has none. */
  readonly name: string
  /** Whether its source ends the process. */
  readonly exits: boolean
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
 * Says of the running process what `lastcall doctor` says of a deployment: who is PID 1, who stands
 * between it and this process, which signals are ignored, and who else listens. Reads /proc, changes
 * nothing, and never throws. Call it once the application has started, after `listen()`.
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
  const signals =
    status === undefined
      ? null
      : {
          ignored: signalsInMask(inspection, status, 'SigIgn'),
          blocked: signalsInMask(inspection, status, 'SigBlk'),
          caught: signalsInMask(inspection, status, 'SigCgt'),
        }
  const facts = {
    pid: inspection.pid,
    hasProc: status !== undefined,
    pid1: processInfo(inspection, 1) ?? null,
    parents: parentsOf(inspection),
    cgroup: cgroupOf(inspection.read(`${self}/cgroup`)),
    signals,
    listeners: (['SIGTERM', 'SIGINT'] as const).map((signal) => listenersTo(signal, inspection)),
  }
  return { ...facts, findings: [...inFront(facts), ...ofSignals(facts), ...ofListeners(facts)] }
}

type Facts = Omit<Diagnosis, 'findings'>

/** The longest path of all hierarchies: that of the unified one, and of the older ones, is the same. */
function cgroupOf(text: string | undefined): string | null {
  const paths = (text ?? '').split('\n').map((line) => line.split(':').slice(2).join(':'))
  const [longest = ''] = paths.sort((a, b) => b.length - a.length)
  return longest === '' || longest === '/' ? null : longest
}

function listenersTo(signal: 'SIGTERM' | 'SIGINT', inspection: ProcessInspection): SignalListeners {
  const all = inspection.listeners(signal)
  const others = all.filter(({ isOurs }) => !isOurs).map(({ listener }) => otherOf(listener))
  return { signal, ours: all.length - others.length, others }
}

function otherOf(listener: unknown): OtherListener {
  const source = sourceOf(listener)
  // signal-exit sends the signal again when nobody but itself listens: where lastcall does, it is quiet.
  if (/emitter.{0,3}\.count|__signal_exit_emitter__/.test(source)) {
    return { name: 'signal-exit', exits: false }
  }
  const { name } = listener as { name?: unknown }
  const exits = /\bprocess\s*\.\s*(exit|reallyExit|kill|abort)\s*\(|(?<![.\w])exit\s*\(/.test(
    source,
  )
  return { name: typeof name === 'string' ? name : '', exits }
}

function sourceOf(listener: unknown): string {
  try {
    return Function.prototype.toString.call(listener)
  } catch {
    return ''
  }
}

const IN_FRONT = {
  shell: 'shell-in-front',
  'package manager': 'npm-in-front',
  watcher: 'watcher-in-front',
} as const

/** Who is between this process and the one who signals: the farthest of those that follow each other. */
function inFront({ parents }: Facts): DiagnosisFinding[] {
  const end = parents.findIndex(({ kind }) => !(kind in IN_FRONT))
  const front = parents.slice(0, end < 0 ? parents.length : end).at(-1)
  if (!front) return []
  // What somebody has typed at a terminal is stopped by Ctrl-C, which reaches all of them.
  const isTyped = parents.some(({ kind }) => kind === 'terminal')
  const id = IN_FRONT[front.kind as keyof typeof IN_FRONT]
  const is = front.pid === 1 ? 'is PID 1' : `(pid ${front.pid}) is between this process and PID 1`
  const what =
    id === 'watcher-in-front'
      ? 'It repeats the stop signal, as another one too, and ends this process at its own time.'
      : 'It passes no SIGTERM on: a stop that signals it never reaches this process, which is killed, or left behind.'
  const fix =
    id === 'shell-in-front'
      ? 'Start the program itself: the exec form of CMD, or exec in the shell.'
      : 'Start what it starts, in its place.'
  const severity = front.pid === 1 || !isTyped ? 'error' : 'warning'
  return [{ id, severity, says: `${front.command} ${is}. ${what}`, fix }]
}

function ofSignals({ signals, listeners, pid }: Facts): DiagnosisFinding[] {
  return listeners.flatMap(({ signal, ours, others }): DiagnosisFinding[] => {
    const severity = signal === 'SIGTERM' ? 'error' : 'warning'
    if (signals?.blocked.includes(signal)) {
      return [
        {
          id: 'signal-blocked',
          severity,
          says: `${signal} is blocked: the kernel keeps it back, and no listener hears it.`,
          fix: 'See who has started this process with that signal blocked.',
        },
      ]
    }
    if (signals?.ignored.includes(signal)) {
      return [
        {
          id: 'signal-ignored',
          severity,
          says: `${signal} is ignored, as it was by whoever has started this process (trap '' in a shell, nohup): it does nothing.`,
          fix: 'Start it without; a listener, such as that of listen(), takes it back.',
        },
      ]
    }
    if (ours + others.length > 0) return []
    return [
      {
        id: 'nobody-listens',
        severity,
        says:
          pid === 1
            ? `Nobody listens to ${signal}, and this is PID 1: the kernel ignores it, and the process is killed when the grace is over.`
            : `Nobody listens to ${signal}: it ends the process at once, and no hook runs.`,
        fix: 'Call listen() of a shutdown, before this.',
      },
    ]
  })
}

function ofListeners({ listeners }: Facts): DiagnosisFinding[] {
  return listeners.flatMap(({ signal, others }) =>
    others
      .filter(({ exits }) => exits)
      .map(({ name }): DiagnosisFinding => {
        const who = name === '' ? 'A listener without a name' : `The listener ${name}`
        return {
          id: 'listener-exits',
          severity: 'warning',
          says: `${who} of ${signal} ends the process itself: hooks that are still at work are cut off.`,
          fix: 'Take it away, and make a hook of what it does.',
        }
      }),
  )
}

/** A diagnosis as a person reads it, a few lines. */
export function formatDiagnosis(diagnosis: Diagnosis): string {
  const { pid, hasProc, parents, pid1, cgroup, signals, listeners, findings } = diagnosis
  const chain = parents.map((parent) => `${parent.command} (${parent.pid})`)
  const who = pid === 1 ? `pid 1 itself` : [`pid ${pid}`, ...chain].join(' under ')
  const unseen = pid1 && pid !== 1 && parents.at(-1)?.pid !== 1 ? `; PID 1 is ${pid1.command}` : ''
  const lines = [
    hasProc ? `${who}${unseen}` : `pid ${pid}; there is no /proc, so only the listeners are known`,
    ...(cgroup === null ? [] : [`cgroup ${cgroup}`]),
    ...listeners.map(listenerLine),
    ...(signals && signals.ignored.length > 0 ? [`ignored: ${signals.ignored.join(', ')}`] : []),
    ...(signals && signals.blocked.length > 0 ? [`blocked: ${signals.blocked.join(', ')}`] : []),
    ...findings.map(({ id, severity, says, fix }) => `${severity} ${id}: ${says} ${fix}`),
    ...(findings.length === 0 ? ['nothing found that would break the stop'] : []),
  ]
  return lines.join('\n')
}

function listenerLine({ signal, ours, others }: SignalListeners): string {
  const names = others.map(({ name }) => (name === '' ? 'one without a name' : name))
  const all = [...(ours > 0 ? ['lastcall'] : []), ...names]
  return `${signal}: heard by ${all.length === 0 ? 'nobody' : all.join(', ')}`
}
