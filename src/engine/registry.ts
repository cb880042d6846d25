import { LastcallError } from '../base/errors.ts'
import { type Budget, refuseOversizedReserves, type Wish } from './budget.ts'
import type { PreparedHook } from './hook.ts'
import { type Phase, USUAL_RESERVE } from './phases.ts'

/** The hooks of one priority. */
export interface Group extends Wish {
  readonly priority: number
  /** The phase's name, or the priority where no phase has it. */
  readonly label: string
  readonly phase: string | null
  readonly hooks: ReadonlySet<PreparedHook>
}

/** The hooks that are still to run, by priority, and what they want kept of the budget. */
export class Registry {
  readonly #names = new Set<string>()
  readonly #groups = new Map<number, MutableGroup>()

  constructor(
    readonly phases: ReadonlyMap<string, Phase>,
    readonly budget: Budget,
  ) {}

  isTaken = (name: string): boolean => this.#names.has(name)

  /** Takes all of the hooks, or none of them and throws. */
  add(hooks: readonly PreparedHook[]): void {
    const taken: PreparedHook[] = []
    try {
      for (const hook of hooks) {
        this.#refuseTakenName(hook)
        this.#names.add(hook.name)
        this.#group(hook).add(hook)
        taken.push(hook)
      }
      if (hooks.some((hook) => hook.reserve !== undefined)) {
        refuseOversizedReserves(this.groups().map(named), this.budget)
      }
    } catch (error) {
      for (const hook of taken) this.remove(hook)
      throw error
    }
  }

  /** Takes a hook back; false where it has begun, or was taken back before. */
  remove(hook: PreparedHook): boolean {
    const group = this.#groups.get(hook.priority)
    if (!group?.hooks.has(hook)) return false
    this.#names.delete(hook.name)
    group.remove(hook)
    if (group.hooks.size === 0) this.#groups.delete(hook.priority)
    return true
  }

  /** Hands out the hooks of every priority down to this one; they are no longer to run. */
  take(priority: number): Group[] {
    const taken = this.groups().filter((group) => group.priority >= priority)
    for (const group of taken) this.#groups.delete(group.priority)
    return taken
  }

  /** What is still to run, in the order in which it will. */
  groups(): readonly Group[] {
    return [...this.#groups.values()].sort((a, b) => b.priority - a.priority)
  }

  #refuseTakenName({ name }: PreparedHook): void {
    if (!this.#names.has(name)) return
    throw new LastcallError(
      'LASTCALL_NAME_TAKEN',
      `There is a hook named '${name}' already. Names are unique, so that a report says which one failed: give this one another; adapters take one as an option, as in httpServer(server, { name: 'admin' }).`,
    )
  }

  #group(hook: PreparedHook): MutableGroup {
    const known = this.#groups.get(hook.priority)
    if (known) return known
    const phase = [...this.phases.values()].find((one) => one.priority === hook.priority)
    const group = new MutableGroup(hook.priority, phase, this.budget.deadline)
    this.#groups.set(hook.priority, group)
    return group
  }
}

/** Called by its hooks where no phase has its priority: a number alone would tell nobody which they are. */
function named(group: Group): Wish & { label: string } {
  const hooks = [...group.hooks].map(({ name }) => `'${name}'`).join(', ')
  const label = group.phase ?? `${group.label} (${hooks})`
  return { label, named: group.named, usual: group.usual }
}

class MutableGroup implements Group {
  readonly hooks = new Set<PreparedHook>()
  readonly label: string
  readonly phase: string | null
  named = 0
  usual = 0
  readonly #default: number

  constructor(
    readonly priority: number,
    phase: Phase | undefined,
    budget: number,
  ) {
    this.phase = phase?.name ?? null
    this.label = phase?.name ?? `priority ${priority}`
    const reserve = phase?.reserve ?? USUAL_RESERVE
    this.#default = 'share' in reserve ? reserve.share * budget : reserve.milliseconds
  }

  add(hook: PreparedHook): void {
    this.hooks.add(hook)
    this.#count(hook)
  }

  remove(hook: PreparedHook): void {
    this.hooks.delete(hook)
    const counted = hook.reserve === undefined ? this.usual : this.named
    if (this.#wish(hook) < counted) return
    this.named = 0
    this.usual = 0
    for (const other of this.hooks) this.#count(other)
  }

  #count(hook: PreparedHook): void {
    if (hook.reserve === undefined) this.usual = Math.max(this.usual, this.#wish(hook))
    else this.named = Math.max(this.named, hook.reserve)
  }

  #wish(hook: PreparedHook): number {
    return hook.reserve ?? Math.min(this.#default, hook.timeout)
  }
}
