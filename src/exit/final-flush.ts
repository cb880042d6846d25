import { formatBytes } from '../base/bytes.ts'
import { formatDuration } from '../base/duration.ts'
import type { Budget } from '../engine/budget.ts'
import type { Log } from '../observe/log.ts'
import type { Clock } from '../runtime/clock.ts'
import { flushOutput, type Unwritten } from '../runtime/flush-output.ts'
import type { ProcessPort } from '../runtime/process.ts'
import type { SharedShutdowns } from '../runtime/shared-shutdowns.ts'
import { withLimit } from '../runtime/with-limit.ts'
import { marginTimes } from './margin.ts'

interface FlushParts {
  readonly host: ProcessPort
  readonly clock: Clock
  readonly budget: Budget
  readonly log: Log
  readonly shared: SharedShutdowns
  /** Called when the reader of an output did not take all of it, with that in words. */
  readonly onLost: (because: string) => void
}

/** Lets log lines, spans and output leave the process before it exits. */
export class FinalFlush {
  readonly #parts: FlushParts
  readonly #lost = new Set<string>()

  constructor(parts: FlushParts) {
    this.#parts = parts
  }

  /**
   * Waits before the exit, or before listeners of others are called, which may exit. Loggers have as long as
   * an exit may take. Before the exit, stdout and stderr have what is left of the grace: their reader may
   * pause. What it does not take is said.
   *
   * @param began when the shutdown began
   */
  async before(began: number, next: 'others' | 'the exit'): Promise<void> {
    const { host, clock, budget, shared } = this.#parts
    const { leaving, exitBy, outputsBy } = marginTimes(budget)
    const flushBegan = clock.now()
    const until = Math.min(flushBegan + leaving, began + exitBy)
    // Loggers first: they may write to stdout.
    const flushed = allOf([...shared.members].map((member) => member.flush()))
    // Awaited in any case: code that awaits the event `exit` writes in this turn.
    const left = Math.max(1, until - clock.now())
    await (flushed && withLimit<unknown>(flushed, left, clock, () => undefined))
    const outputsUntil = next === 'the exit' ? Math.max(until, began + outputsBy) : until
    const unwritten = await flushOutput(host.outputs(), outputsUntil - clock.now(), clock)
    if (next === 'others') return
    for (const output of unwritten) this.#noteLost(output, clock.now() - flushBegan)
  }

  #noteLost({ name, bytes }: Unwritten, waited: number): void {
    if (this.#lost.has(name)) return
    this.#lost.add(name)
    const msg = `${name}: ${formatBytes(bytes)} are lost: the reader did not take them within ${formatDuration(waited)}`
    const fields = { event: 'output:lost', output: name, bytes }
    this.#parts.log.write({ level: 'error', fields, msg })
    this.#parts.onLost(msg)
  }
}

/** Resolves when all have resolved; `undefined` if there is nothing to wait for. */
export function allOf(
  parts: readonly (Promise<unknown> | undefined)[],
): Promise<unknown> | undefined {
  const pending = parts.filter((part) => part !== undefined)
  return pending.length === 0 ? undefined : Promise.all(pending)
}
