import { refusal } from '../base/errors.ts'
import { type Budget, oversizedReserves, type ReserveClaim } from './budget.ts'
import type { PreparedHook } from './hook.ts'
import { DEFAULT_RESERVE, type Phase } from './phases.ts'

/** The hooks that are still to run, by priority. */
export class Registry {
  /** Includes the hooks that have run. */
  readonly #names = new Set<string>()
  readonly #groups = new Map<number, HookGroup>()

  constructor(
    readonly phases: ReadonlyMap<string, Phase>,
    readonly budget: Budget,
    /** Called if the reserves add up to more than the budget. If it throws, the hooks are not added. */
    readonly onOversized: (problem: string) => void,
  ) {}

  isTaken = (name: string): boolean => this.#names.has(name)

  /** Adds all of the hooks, or throws and adds none. */
  add(hooks: readonly PreparedHook[]): void {
    const added: PreparedHook[] = []
    try {
      for (const hook of hooks) {
        this.#refuseTakenName(hook)
        this.#names.add(hook.name)
        this.#groupOf(hook).add(hook)
        added.push(hook)
      }
      if (hooks.some((hook) => hook.reserve !== undefined)) {
        const problem = oversizedReserves(this.groups().map(labelledClaim), this.budget)
        if (problem !== undefined) this.onOversized(problem)
      }
    } catch (error) {
      for (const hook of added) this.remove(hook)
      throw error
    }
  }

  /** Removes a hook and frees its name. Returns false if it has begun or was removed before. */
  remove(hook: PreparedHook): boolean {
    const group = this.#groups.get(hook.priority)
    if (!group?.hooks.has(hook)) return false
    this.#names.delete(hook.name)
    group.remove(hook)
    if (group.hooks.size === 0) this.#groups.delete(hook.priority)
    return true
  }

  /** Removes and returns the groups of this priority and higher, for their hooks to begin. */
  take(priority: number): HookGroup[] {
    const taken = this.groups().filter((group) => group.priority >= priority)
    for (const group of taken) this.#groups.delete(group.priority)
    return taken
  }

  /** The groups that are still to run, in their order. */
  groups(): readonly HookGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.priority - a.priority)
  }

  #refuseTakenName({ name }: PreparedHook): void {
    if (!this.#names.has(name)) return
    throw refusal(
      'LASTCALL_NAME_TAKEN',
      `There is a hook named '${name}' already. Names are unique, so that a report says which one failed: give this one another; adapters take one as an option, as in httpServer(server, { name: 'admin' }).`,
    )
  }

  #groupOf(hook: PreparedHook): HookGroup {
    const known = this.#groups.get(hook.priority)
    if (known) return known
    const phase = [...this.phases.values()].find((one) => one.priority === hook.priority)
    const group = new HookGroup(hook.priority, phase, this.budget.deadline)
    this.#groups.set(hook.priority, group)
    return group
  }
}

/** The claim with a label for errors. A bare priority would say too little: its hooks are named too. */
function labelledClaim(group: HookGroup): ReserveClaim & { label: string } {
  const { phase, named, byDefault } = group
  const hooks = [...group.hooks].map(({ name }) => `'${name}'`).join(', ')
  return { label: phase?.name ?? `${group.label} (${hooks})`, named, byDefault }
}

/** The hooks of one priority. */
export class HookGroup implements ReserveClaim {
  readonly hooks = new Set<PreparedHook>()
  /** The name of the phase with this priority, or `priority 350` if there is none. */
  readonly label: string
  named = 0
  byDefault = 0
  readonly #defaultReserve: number

  constructor(
    readonly priority: number,
    readonly phase: Phase | undefined,
    budget: number,
  ) {
    this.label = phase?.name ?? `priority ${priority}`
    const reserve = phase?.reserve ?? DEFAULT_RESERVE
    this.#defaultReserve = 'share' in reserve ? reserve.share * budget : reserve.milliseconds
  }

  add(hook: PreparedHook): void {
    this.hooks.add(hook)
    this.#claimFor(hook)
  }

  remove(hook: PreparedHook): void {
    this.hooks.delete(hook)
    const largest = hook.reserve === undefined ? this.byDefault : this.named
    if (this.#reserveOf(hook) < largest) return
    this.named = 0
    this.byDefault = 0
    for (const other of this.hooks) this.#claimFor(other)
  }

  #claimFor(hook: PreparedHook): void {
    const reserve = this.#reserveOf(hook)
    if (hook.reserve === undefined) this.byDefault = Math.max(this.byDefault, reserve)
    else this.named = Math.max(this.named, reserve)
  }

  /** A hook without a reserve needs no more than its timeout. */
  #reserveOf(hook: PreparedHook): number {
    return hook.reserve ?? Math.min(this.#defaultReserve, hook.timeout)
  }
}
