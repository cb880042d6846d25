import type { HookContext } from '../../src/engine/hook.ts'
import type { Report } from '../../src/engine/report.ts'
import type { Shutdown } from '../../src/shutdown.ts'
import { revokedProxy } from '../support/hooks/hostile.ts'
import type { VirtualClock, VirtualProcess } from '../support/hooks/virtual.ts'
import type { HookAccount } from './account.ts'
import { enact } from './enact.ts'
import { emptyRecording, type Recording } from './recording.ts'
import {
  delayOf,
  hookOf,
  isAddedLater,
  type Reply,
  type Scenario,
  type ScenarioHook,
} from './scenario.ts'

/** Runs one scenario on one shutdown, and records what happens. */
export class Performance {
  readonly record: Recording
  readonly #removers = new Map<string, () => boolean>()
  #promise: Promise<Report> | undefined
  #isCalling = false

  constructor(
    readonly scenario: Scenario,
    readonly shutdown: Shutdown,
    readonly process: VirtualProcess,
    readonly clock: VirtualClock,
  ) {
    this.record = emptyRecording(scenario)
  }

  begin(): void {
    const { shutdown, record, process, clock } = this
    shutdown.on('start', ({ reason }) => {
      record.start = clock.now()
      record.reason = reason.kind === 'signal' ? reason.signal : reason.kind
      if (record.reason === 'call') record.reason = 'now()'
      // Not before: it would begin the shutdown.
      this.#promise = shutdown.now()
      void this.#promise.then(async (report) => {
        // Code that waits for the report has a turn of the event loop before the exit.
        for (let n = 0; n < 20; n++) await undefined
        if (!record.exit) this.#report(report)
      })
    })
    shutdown.on('hook:start', ({ hook, at, limit }) => {
      this.#account(hook, { began: record.start + at, limit, ended: null, status: null })
    })
    shutdown.on('hook:end', ({ hook: { name, began, limit, ended, status } }) => {
      const at = (time: number) => record.start + time
      this.#account(name, {
        began: began === null ? null : at(began),
        limit,
        ended: at(ended),
        status,
      })
    })
    shutdown.on('end', ({ report }) => {
      this.#report(report)
      const { duration, outcome, exitCode } = report
      if (!record.exit) record.report = { at: record.start + duration, outcome, exitCode }
    })
    process.exit = (code) => {
      record.exits.push(code)
      record.exit ??= { at: clock.now(), code }
    }
    for (const hook of this.scenario.hooks) {
      if (!isAddedLater(hook, this.scenario)) this.#add(hook)
    }
    shutdown.listen()
    this.#plan(null)
  }

  /** Whether it has stopped listening. */
  get #isOver(): boolean {
    return this.shutdown.report !== undefined && !this.scenario.exit
  }

  #account(name: string, account: HookAccount): void {
    if (!this.record.exit) this.record.hooks[name] = account
  }

  #report(report: Report): void {
    this.record.reports.push(report.phases.flatMap(({ hooks }) => hooks.map(({ name }) => name)))
    this.record.listeners = this.process.listeners
  }

  #plan(by: string | null): void {
    this.scenario.happenings.forEach((happening, index) => {
      if (happening.by !== by) return
      const delay = delayOf(happening, index)
      const came = this.clock.now() + delay
      if (delay === 0) this.#happen(index, came)
      // What comes from outside the process is read in a poll phase.
      else this.clock.setTimeout(() => this.clock.afterPoll(() => this.#happen(index, came)), delay)
    })
  }

  #happen(index: number, came: number): void {
    const { record, clock, scenario } = this
    if (record.exit) return
    if ('send' in (scenario.happenings[index]?.what ?? {})) {
      record.signals.push({ happening: index, came, heard: clock.now() })
    }
    record.replies[index] = this.#provoke(index)
  }

  /** Lets it happen, and finds out from the events what the result was. */
  #provoke(index: number): Reply | null {
    const what = this.scenario.happenings[index]?.what
    if (!what) return null
    const { shutdown, process } = this
    if ('add' in what) return this.#add(hookOf(this.scenario, what.add))
    if ('remove' in what) {
      if (!this.#removers.get(what.remove)?.()) return 'not waiting'
      delete this.record.added[what.remove]
      return 'removed'
    }
    let heard: Reply | undefined
    const stop = [
      shutdown.on('repeat', ({ samePress }) => (heard ??= samePress ? 'same press' : 'repeat')),
      shutdown.on('forced', () => (heard ??= 'forces')),
      shutdown.on('fault', () => (heard ??= shutdown.report ? 'comes late' : 'counts')),
    ]
    const hadBegun = shutdown.signal.aborted
    if ('send' in what) process.send(what.send)
    else if ('message' in what) process.emit('message', what.message)
    else if ('call' in what) void shutdown.now()
    else if (what.fault !== 'own abort') process.emit(what.fault, this.#faultOf(index))
    else process.emit('unhandledRejection', shutdown.signal.reason)
    for (const one of stop) one()
    if (!hadBegun && shutdown.signal.aborted) return 'begins'
    if ('call' in what) return shutdown.now() === this.#promise ? 'same promise' : null
    const isNone = 'fault' in what && what.fault === 'own abort' && !this.#isOver
    return heard ?? (isNone ? 'is none' : 'ignored')
  }

  /** Each fault is another one: the same error counts once. */
  #faultOf(index: number): unknown {
    return index % 2 === 0 ? revokedProxy() : new Error('fault')
  }

  #add(hook: ScenarioHook): Reply {
    const { name, phase, priority, timeout, reserve } = hook
    try {
      const remove = this.shutdown.add({
        name,
        ...(phase === undefined ? { priority: priority ?? 0 } : { phase }),
        ...(timeout === undefined ? {} : { timeout }),
        ...(reserve === undefined ? {} : { reserve }),
        run: (context) => this.#call(hook, context),
      })
      this.#removers.set(name, remove)
      this.record.added[name] = this.clock.now()
      return 'added'
    } catch (error) {
      const reply = REFUSALS[(error as { code?: string }).code ?? '']
      if (reply) return reply
      throw error
    }
  }

  /** Calls a hook, and records whether another one was being called. */
  #call(hook: ScenarioHook, context: HookContext): unknown {
    const nested = this.#isCalling
    this.#isCalling = true
    try {
      return enact(hook, context, {
        ...{ clock: this.clock, record: this.record, nested },
        deeds: () => this.#plan(hook.name),
        now: () => this.shutdown.now(),
      })
    } finally {
      this.#isCalling = nested
    }
  }
}

/** The errors with which add() may refuse a hook. */
const REFUSALS: { readonly [code: string]: Reply } = {
  LASTCALL_NAME_TAKEN: 'name taken',
  LASTCALL_RESERVES_TOO_LARGE: 'too large',
  LASTCALL_ENDED: 'over',
}
