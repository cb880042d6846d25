import type { Account } from './account.ts'
import {
  budgetOf,
  fitTogether,
  flushTime,
  flushTimeWithFault,
  limitsOf,
  priorityOf,
} from './budget.ts'
import { codeOf, forcedCode, outcomeOf, type Status } from './exit-codes.ts'
import { Presses } from './presses.ts'
import {
  delayOf,
  hookOf,
  isAddedLater,
  type Reply,
  type Scenario,
  type ScenarioHook,
  type Signal,
  type What,
} from './scenario.ts'

/** What must happen in a scenario in which nothing blocks the event loop. */
export function predict(scenario: Scenario): Account {
  return new World(scenario).live()
}

class World {
  readonly #account: Account
  readonly #agenda: { at: number; happening: number }[] = []
  readonly #waiting: ScenarioHook[]
  readonly #running = new Map<ScenarioHook, { until: number; status: Status }>()
  /** The names of the hooks that are waiting or have had their turn. */
  readonly #names = new Set<string>()
  readonly #presses: Presses
  #faults = 0
  #now = 0
  /** When the process exits, once that is known, and with which code. */
  #leaves = Number.POSITIVE_INFINITY
  #code = 0
  #start: number | undefined
  /** Hooks of this priority and higher begin as soon as they are added. */
  #reached = Number.POSITIVE_INFINITY

  constructor(readonly scenario: Scenario) {
    const replies = scenario.happenings.map(() => null)
    this.#account = { reason: '', hooks: {}, replies, report: null, exit: null }
    this.#waiting = []
    this.#presses = new Presses(scenario)
    for (const hook of scenario.hooks) if (!isAddedLater(hook, scenario)) this.#add(hook)
    this.#plan(null)
  }

  live(): Account {
    while (this.#account.exit === null && this.#goOn());
    return this.#account
  }

  /** Does what is due next; false where nothing is. */
  #goOn(): boolean {
    const begun = this.#start !== undefined && this.#account.report === null
    const ready = this.#waiting.filter((hook) => begun && priorityOf(hook) >= this.#reached)
    if (ready.length > 0) this.#begin(ready)
    else if (begun && this.#running.size === 0) this.#nextPhase()
    else return this.#nextInstant()
    return true
  }

  #nextPhase(): void {
    if (this.#waiting.length > 0) this.#reached = Math.max(...this.#waiting.map(priorityOf))
    else this.#end()
  }

  /** Goes on to the next instant: a hook ends, the process exits, or something happens. */
  #nextInstant(): boolean {
    const [over] = [...this.#running].sort(([, one], [, other]) => one.until - other.until)
    const [next] = this.#agenda.sort((one, other) => one.at - other.at)
    const ends = over?.[1].until ?? this.#leaves
    this.#now = Math.min(ends, next?.at ?? ends)
    if (next?.at === this.#now) {
      this.#agenda.shift()
      this.#happen(next.happening)
    } else if (over) this.#over(...over)
    else if (Number.isFinite(this.#leaves)) this.#leave(this.#code)
    return over !== undefined || next !== undefined
  }

  #begin(ready: readonly ScenarioHook[]): void {
    const left = budgetOf(this.scenario) - (this.#now - (this.#start ?? 0))
    for (const hook of ready) this.#leaveWaiting(hook)
    const limits = limitsOf(ready, this.#waiting, left, this.scenario)
    const inOrder = ready.map((hook, index) => ({ hook, limit: limits[index] ?? 0 }))
    inOrder.sort((one, other) => priorityOf(other.hook) - priorityOf(one.hook))
    for (const { hook, limit } of inOrder) {
      if (this.#account.exit) return
      const began = left > 0 ? this.#now : null
      this.#account.hooks[hook.name] = { began, limit, ended: null, status: null }
      if (began === null) this.#over(hook, { status: 'cut off' })
      else {
        this.#running.set(hook, course(hook, began, limit))
        this.#plan(hook.name)
      }
    }
  }

  #over(hook: ScenarioHook, { status }: { status: Status }): void {
    this.#running.delete(hook)
    Object.assign(this.#account.hooks[hook.name] ?? {}, { ended: this.#now, status })
  }

  #end(): void {
    const { hooks, reason } = this.#account
    const statuses = Object.values(hooks).flatMap(({ status }) => status ?? [])
    const outcome = outcomeOf(statuses, this.#faults)
    const exitCode = codeOf(outcome, reason, this.scenario)
    this.#account.report = { at: this.#now, outcome, exitCode }
    this.#code = exitCode
    const duration = this.#now - (this.#start ?? 0)
    if (this.scenario.exit) this.#leaves = this.#now + flushTime(duration, this.scenario)
  }

  #leave(code: number): void {
    this.#account.exit = { at: this.#now, code }
  }

  /** Schedules what this hook, or the world, will do. What a hook does while it begins is done now. */
  #plan(by: string | null): void {
    this.scenario.happenings.forEach((happening, index) => {
      if (happening.by !== by || this.#account.exit) return
      const delay = delayOf(happening, index)
      if (delay === 0) this.#happen(index)
      else this.#agenda.push({ at: this.#now + delay, happening: index })
    })
  }

  #happen(index: number): void {
    const happening = this.scenario.happenings[index]
    if (happening) this.#account.replies[index] = this.#replyTo(happening.what)
  }

  #replyTo(what: What): Reply {
    if ('call' in what) return this.#beginShutdown('now()') ? 'begins' : 'same promise'
    if ('add' in what) return this.#add(hookOf(this.scenario, what.add))
    if ('remove' in what) return this.#remove(hookOf(this.scenario, what.remove))
    // With `exit: false` a shutdown stops listening at its end.
    if (this.#account.report && !this.scenario.exit) return 'ignored'
    if ('send' in what) return this.#press(what.send)
    if ('message' in what) {
      return what.message === 'shutdown' && this.#beginShutdown('message') ? 'begins' : 'ignored'
    }
    if (what.fault === 'own abort' && this.#start !== undefined) return 'is none'
    if (this.#account.report) {
      this.#comeLate(this.#account.report.at)
      return 'comes late'
    }
    this.#faults++
    return this.#beginShutdown('fault') ? 'begins' : 'counts'
  }

  /** A fault after the end changes the code, which is said before the exit. */
  #comeLate(end: number): void {
    const code = codeOf('fault', this.#account.reason, this.scenario)
    if (code === this.#code) return
    this.#code = code
    this.#leaves = end + flushTimeWithFault(end - (this.#start ?? 0), this.scenario)
  }

  /** False where the shutdown has begun: the first reason wins. */
  #beginShutdown(reason: string): boolean {
    if (this.#start !== undefined) return false
    this.#start = this.#now
    this.#account.reason = reason
    return true
  }

  #press(signal: Signal): Reply {
    const reply = this.#presses.replyTo(signal, this.#now, this.#start !== undefined)
    if (reply === 'begins') this.#beginShutdown(signal)
    if (reply === 'forces') this.#leave(forcedCode(signal, this.scenario))
    return reply
  }

  #add(hook: ScenarioHook): Reply {
    if (this.#account.report) return 'over'
    if (this.#names.has(hook.name)) return 'name taken'
    if (hook.reserve !== undefined && !fitTogether([...this.#waiting, hook], this.scenario)) {
      return 'too large'
    }
    this.#names.add(hook.name)
    this.#waiting.push(hook)
    return 'added'
  }

  #remove(hook: ScenarioHook): Reply {
    if (!this.#leaveWaiting(hook)) return 'not waiting'
    this.#names.delete(hook.name)
    return 'removed'
  }

  #leaveWaiting(hook: ScenarioHook): boolean {
    const index = this.#waiting.indexOf(hook)
    if (index >= 0) this.#waiting.splice(index, 1)
    return index >= 0
  }
}

/** How long a hook runs, and how it ends. One that ends at its limit is not cut off. */
function course({ ends, takes }: ScenarioHook, began: number, limit: number) {
  const lasts = { returns: 0, throws: 0, resolves: takes, rejects: takes }
  const needed = ends in lasts ? lasts[ends as keyof typeof lasts] : Number.POSITIVE_INFINITY
  if (needed > limit) return { until: began + limit, status: 'cut off' } as const
  const isGood = ends === 'returns' || ends === 'resolves'
  return { until: began + needed, status: isGood ? 'done' : 'failed' } as const
}
