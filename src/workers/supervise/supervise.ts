import type { Writable } from 'node:stream'
import { EventEmitter } from 'eventemitter3'
import { formatDuration } from '../../base/duration.ts'
import {
  inCall,
  invalidOption,
  LastcallError,
  notOneOf,
  optionNames,
  refuseUnknownOptions,
} from '../../base/errors.ts'
import { describeError } from '../../base/thrown.ts'
import { type Hook, type Hooks, placeHook } from '../../engine/hook.ts'
import { PHASES } from '../../engine/phases.ts'
import { errorField, type Log, type Logger, type LogOptions, openLog } from '../../observe/log.ts'
import { type Clock, systemClock } from '../../runtime/clock.ts'
import { standardOutputs } from '../../runtime/outputs.ts'
import { type ProcessPort, systemProcess } from '../../runtime/process.ts'
import { LineSink } from './lines.ts'
import { type ProgramOptions, parsePrograms, processNames } from './program.ts'
import type { ProcessState, StateChange } from './states.ts'
import { SupervisedProcess } from './supervised-process.ts'

/** Options of `supervise()`; all have defaults. */
export interface SuperviseOptions {
  /** The name of the group; the hook that ends all restarts is `programs:hold`. Default `programs`. */
  readonly name?: string | undefined
  /**
   * When `ended` resolves: when every program has ended for good (`all`), already when one is FATAL
   * (`fatal`), or already when one has ended for good (`any`). Default `all`.
   */
  readonly exitOn?: 'all' | 'fatal' | 'any' | undefined
  /** Where problems are logged, like the option `log` of `createShutdown()`. Default: on stderr. */
  readonly log?: false | 'text' | 'json' | LogOptions | Logger | undefined
  /** Where the programs' stdout goes. Default: that of this process. */
  readonly stdout?: Writable | undefined
  /** Where the programs' stderr goes. Default: that of this process. */
  readonly stderr?: Writable | undefined
}

/** The state of one process. */
export interface ProcessStatus {
  /** The program's name, with a number where it has several processes, such as `web:1`. */
  readonly name: string
  readonly program: string
  readonly state: ProcessState
  readonly pid: number | null
}

/** The programs under supervision. Pass it to `shutdown.add()`, as you would a hook. */
export interface Supervisor extends Hooks {
  /**
   * Starts every program, the lowest priority first.
   *
   * @throws LastcallError `LASTCALL_ENDED` once the shutdown has begun
   */
  start(): void
  /** Calls back for every change of state. Returns a function that removes the listener. */
  on(event: 'state', listener: (change: StateChange) => void): () => void
  /** The state of every process. */
  readonly processes: readonly ProcessStatus[]
  /**
   * Resolves by the rule of `exitOn`, with one exit code: of the program that met the rule or, with
   * `all`, of the first listed that did not end well; 0 if all ended well. It is the code that a
   * shell would report, and never 0 for a FATAL program.
   */
  readonly ended: Promise<number>
}

/**
 * Keeps programs running, with the states and rules of supervisord, and ends them in order: higher
 * priorities first, each with its own signal and wait. Nothing starts before `start()`.
 *
 * @example
 * const programs = supervise([
 *   { name: 'web', command: 'node', args: ['web.js'], priority: 20, stopSignal: 'SIGQUIT' },
 *   { name: 'redis', command: 'redis-server', priority: 10, stopWait: '5s' },
 * ])
 * shutdown.add(programs)
 * shutdown.listen()
 * programs.start()
 * process.exitCode = await programs.ended
 * await shutdown.now('a program has ended')
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`; where the waits do not fit the
 * budget, `shutdown.add()` throws `LASTCALL_RESERVES_TOO_LARGE`
 */
export function supervise(
  programs: readonly ProgramOptions[],
  options: SuperviseOptions = {},
): Supervisor {
  return inCall(
    'supervise()',
    () => new Programs(programs, options, { clock: systemClock, host: systemProcess }),
  )
}

export class Programs implements Supervisor {
  readonly ended: Promise<number>
  readonly #name: string
  readonly #exitOn: string
  readonly #processes: readonly SupervisedProcess[]
  readonly #events = new EventEmitter<{ state: [StateChange] }>()
  readonly #host: ProcessPort
  readonly #log: Log
  #stopWatching: (() => void) | undefined
  #isHeld = false
  #resolve!: (exitCode: number) => void

  constructor(
    programs: readonly ProgramOptions[],
    options: SuperviseOptions,
    { clock, host }: { clock: Clock; host: ProcessPort },
  ) {
    this.#host = host
    const parsed = parsePrograms(programs)
    const { name, exitOn, stdout, stderr } = checkOptions(options)
    this.#log = openLog(options.log, { host, clock })
    this.#name = name
    this.#exitOn = exitOn
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.on('state', (change) => logProblem(change, this.#log))
    const width = Math.max(...parsed.flatMap(processNames).map((one) => one.length))
    const [out, err] = standardOutputs()
    const onChange = (change: StateChange) => this.#changed(change)
    const shared = {
      clock,
      env: host.env,
      isWindows: host.platform === 'win32',
      stdout: new LineSink(stdout ?? out),
      stderr: new LineSink(stderr ?? err),
    }
    this.#processes = parsed.flatMap((program) =>
      processNames(program).map((name, instance) => {
        const surroundings = { ...shared, prefix: `${name.padEnd(width)} | ` }
        return new SupervisedProcess(name, program, instance, surroundings, onChange)
      }),
    )
  }

  get processes(): readonly ProcessStatus[] {
    return this.#processes.map(({ name, program, state, pid }) => {
      return { name, program: program.name, state, pid }
    })
  }

  start(): void {
    if (this.#isHeld) {
      const message = 'The shutdown has begun: no program is started any more.'
      throw new LastcallError('LASTCALL_ENDED', message)
    }
    // Programs have their own sessions: if this process is forced to exit, nothing else ends them.
    this.#stopWatching ??= this.#host.on('exit', () => {
      for (const one of this.#processes) one.kill()
    })
    const byPriority = [...this.#processes].sort((a, b) => a.program.priority - b.program.priority)
    for (const one of byPriority) if (one.state === 'STOPPED') one.start()
  }

  on(event: 'state', listener: (change: StateChange) => void): () => void {
    inCall('on()', () => {
      if (event !== 'state') throw invalidOption('event', "'state'", event, "Write on('state', …).")
      const fix = "Write on('state', (change) => …)."
      if (typeof listener !== 'function')
        throw invalidOption('listener', 'a function', listener, fix)
    })
    const guarded = (change: StateChange) => {
      try {
        listener(change)
      } catch (error) {
        // The programs and the next listener must not suffer from it.
        this.#log.write({
          level: 'error',
          fields: { event: 'state:listener', err: errorField(describeError(error)) },
          msg: `a listener to 'state' threw: ${(error as Error)?.stack ?? error}`,
        })
      }
    }
    this.#events.on(event, guarded)
    return () => void this.#events.off(event, guarded)
  }

  /** A hook that ends all restarts when the shutdown begins, and one that stops each process. */
  *[Symbol.iterator](): Iterator<Hook> {
    yield placeHook({ name: `${this.#name}:hold`, phase: 'announce' }, ({ reason }) =>
      this.#hold(reason.kind === 'signal' ? reason.signal : undefined),
    )
    const priorities = this.#processes.map(({ program }) => program.priority)
    const levels = [...new Set(priorities)].sort((a, b) => a - b)
    for (const one of this.#processes) {
      const { stopWait, priority } = one.program
      const place = placeOf(levels, priority)
      yield placeHook(
        { name: one.name, ...place, timeout: stopWait, reserve: stopWait },
        (context) => one.stop(context),
      )
    }
  }

  #hold(signal?: NodeJS.Signals): void {
    this.#isHeld = true
    for (const one of this.#processes) one.hold(signal)
    this.#resolveIfOver()
  }

  #changed(change: StateChange): void {
    this.#events.emit('state', change)
    const endsAll = this.#exitOn === 'any' || (this.#exitOn === 'fatal' && change.to === 'FATAL')
    const one = this.#processes.find(({ name }) => name === change.name)
    if (one?.isOver && endsAll && !this.#isHeld) this.#resolve(one.exitCode)
    this.#resolveIfOver()
  }

  #resolveIfOver(): void {
    if (!this.#processes.every(({ isOver }) => isOver)) return
    this.#stopWatching?.()
    this.#stopWatching = undefined
    this.#resolve(this.#processes.map(({ exitCode }) => exitCode).find((code) => code !== 0) ?? 0)
  }
}

const OPTIONS = optionNames<SuperviseOptions>({
  name: true,
  exitOn: true,
  log: true,
  stdout: true,
  stderr: true,
})

const EXIT_RULES = ['all', 'fatal', 'any']

/** Logs a change of state if something is wrong. Others go only to listeners. */
function logProblem(change: StateChange, log: Log): void {
  const { name, from, to, pid, exitCode, signal, problem, stderr, restartIn } = change
  if (problem === null) return
  const fields = {
    event: 'state',
    program: name,
    from,
    to,
    child: pid,
    exitCode,
    signal,
    restartIn,
  }
  if (to === 'FATAL') {
    const lines = stderr.map((line) => `\n    ${line}`).join('')
    const lastLines = lines === '' ? '' : `\n  the last that it wrote to stderr:${lines}`
    const msg = `'${name}' is FATAL: it ${problem}${lastLines}`
    log.write({ level: 'error', fields: { ...fields, stderr }, msg })
  } else {
    const next = restartIn === null ? '' : `; starting it again in ${formatDuration(restartIn)}`
    const level = restartIn === null ? 'error' : 'warn'
    log.write({ level, fields, msg: `'${name}' ${problem}${next}` })
  }
}

function checkOptions(options: SuperviseOptions) {
  refuseUnknownOptions(options, OPTIONS, "{ exitOn: 'fatal' }")
  const { name = 'programs', exitOn = 'all', stdout, stderr } = options
  if (typeof name !== 'string' || name.trim() === '') {
    throw invalidOption('name', 'a string that is not empty', name)
  }
  if (!EXIT_RULES.includes(exitOn)) {
    throw notOneOf('exitOn', EXIT_RULES, exitOn)
  }
  for (const [option, stream] of Object.entries({ stdout, stderr })) {
    if (stream === undefined || typeof stream?.write === 'function') continue
    throw invalidOption(option, 'a writable stream', stream)
  }
  return { name, exitOn, stdout, stderr }
}

const STOP = PHASES.find(({ name }) => name === 'stop') as (typeof PHASES)[number]

/**
 * Where the hook of a process stands. The lowest of several priorities gets the number of the phase
 * `stop`; each higher one adds 0.001. A single one is in the phase itself, which an application may
 * have moved.
 */
function placeOf(levels: readonly number[], priority: number) {
  if (levels.length === 1) return { phase: STOP.name }
  return { priority: STOP.priority + levels.indexOf(priority) / 1000 }
}
