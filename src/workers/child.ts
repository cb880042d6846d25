import type { HookContext } from '../engine/hook.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { sendSignal } from '../runtime/signals.ts'
import { signalOfThePlatform } from './already-signalled.ts'
import { type ExitStatus, endedBadly, isExpected } from './exit-status.ts'
import { groupHasEnded, isGroup } from './process-group.ts'
import { type Stoppable, stop } from './stop.ts'

/** As much of a `ChildProcess` as is needed here: what `spawn()`, `fork()` and execa return. */
export interface ChildProcessLike {
  readonly pid?: number | undefined
  readonly exitCode: number | null
  readonly signalCode: NodeJS.Signals | null
  readonly connected?: boolean
  readonly spawnfile?: string
  send?(message: never, callback: (error: Error | null) => void): unknown
  once(event: 'exit', listener: () => void): unknown
}

/** How a child is stopped. */
export interface StopSettings {
  readonly name: string
  readonly stopSignal: NodeJS.Signals
  /** Sent in place of the signal, where there is one. */
  readonly stopMessage?: unknown
  /** What the stop signal goes to. */
  readonly signals: 'process' | 'group'
  /** What is killed at the limit. */
  readonly kills: 'process' | 'group'
  readonly exitCodes: ReadonlySet<number>
}

/** Stops a child; one that has ended already is left alone. */
export async function stopChild(
  child: ChildProcessLike,
  settings: StopSettings,
  context: HookContext,
  clock: Clock = systemClock,
): Promise<void> {
  if (hasEnded(child)) return
  // A message is another thing than a second signal: it is sent at once, whatever else was.
  const isSignalled = settings.stopMessage === undefined
  const wasTold = isSignalled ? signalOfThePlatform(context, isGroup(child.pid ?? 0)) : undefined
  await stop(new Child(child, settings, context, wasTold, clock), context, { wasTold, clock })
}

export function hasEnded({ pid, exitCode, signalCode }: ChildProcessLike): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null
}

/** A child that runs. */
class Child implements Stoppable {
  readonly label: string
  readonly #pid: number
  readonly #toldBy = new Set<NodeJS.Signals>()

  constructor(
    readonly child: ChildProcessLike,
    readonly settings: StopSettings,
    readonly context: HookContext,
    platformSignal: NodeJS.Signals | undefined,
    readonly clock: Clock,
  ) {
    if (platformSignal) this.#toldBy.add(platformSignal)
    this.#pid = child.pid ?? 0
    this.label = `child '${settings.name}' (pid ${this.#pid})`
  }

  notify(isReminder: boolean): string {
    const { stopMessage, stopSignal } = this.settings
    // By convention a second SIGINT forces the exit.
    const signal = isReminder && stopSignal === 'SIGINT' ? 'SIGTERM' : stopSignal
    if (stopMessage === undefined) return this.#signal(signal)
    const { child } = this
    if (child.connected === false) return `${this.#signal(signal)} (its channel is closed)`
    const isSent = this.#message(stopMessage, () => this.#signal(signal))
    if (!isSent) return `${this.#signal(signal)} (the message could not be sent)`
    return typeof stopMessage === 'string' ? `the message '${stopMessage}'` : 'a message'
  }

  kill(): void {
    this.#send('SIGKILL', this.settings.kills)
  }

  async ended(): Promise<void> {
    const { child, settings, context, clock } = this
    if (!hasEnded(child)) await new Promise<void>((resolve) => child.once('exit', resolve))
    if (settings.signals === 'group') {
      // The others of its group have not heard the message.
      if (settings.stopMessage !== undefined) this.#signal(settings.stopSignal)
      await groupHasEnded(this.#pid, context.signal, clock)
    }
    const ending: ExitStatus = { code: child.exitCode, signal: child.signalCode }
    const toldBy = [settings.stopSignal, ...this.#toldBy]
    if (!isExpected(ending, settings.exitCodes, toldBy)) throw endedBadly(this.label, ending)
  }

  /** Sends it by the child's channel, which may close meanwhile; false where it cannot be sent. */
  #message(message: unknown, onLost: () => void): boolean {
    try {
      this.child.send?.(message as never, (error) => {
        if (!error) return
        try {
          onLost()
        } catch {
          // Nor can it be signalled: it is killed at the limit.
        }
      })
      return true
    } catch {
      return false
    }
  }

  #signal(signal: NodeJS.Signals): string {
    this.#toldBy.add(signal)
    this.#send(signal, this.settings.signals)
    return signal
  }

  #send(signal: NodeJS.Signals, to: 'process' | 'group'): void {
    // Until its exit is told nobody else can have got its number: it has not been waited for.
    if (to === 'group') sendSignal(-this.#pid, signal)
    else if (!hasEnded(this.child)) sendSignal(this.#pid, signal)
  }
}
