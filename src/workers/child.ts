import { type HookContext, signalsAll } from '../engine/hook.ts'
import type { Clock } from '../runtime/clock.ts'
import { exitStatusOf } from '../runtime/exit-status.ts'
import { sendSignal } from '../runtime/signals.ts'
import { endedBadly, isExpectedExit } from './expected-exit.ts'
import { groupHasEnded, isGroup } from './process-group.ts'
import { type Stoppable, stop } from './stop.ts'

/** The part of a `ChildProcess` that is used here: `spawn()`, `fork()` and execa return one. */
export interface ChildProcessLike {
  readonly pid?: number | undefined
  readonly exitCode: number | null
  readonly signalCode: NodeJS.Signals | null
  readonly connected?: boolean | undefined
  readonly spawnfile?: string | undefined
  send?: ((message: never, callback: (error: Error | null) => void) => unknown) | undefined
  once(event: 'exit', listener: () => void): unknown
}

/** How a child is stopped. */
export interface StopSettings {
  readonly name: string
  readonly stopSignal: NodeJS.Signals
  /** Sent in place of the signal, if given. */
  readonly stopMessage?: unknown
  /** What the stop signal goes to. */
  readonly signals: 'process' | 'group'
  /** What is killed at the limit. */
  readonly kills: 'process' | 'group'
  readonly exitCodes: ReadonlySet<number>
}

/** Stops a child, unless it has ended already. */
export async function stopChild(
  child: ChildProcessLike,
  settings: StopSettings,
  context: HookContext,
  clock: Clock,
): Promise<void> {
  if (hasEnded(child)) return
  // A stop message is no second signal: it is always sent at once.
  const alreadySignalled =
    settings.stopMessage === undefined
      ? platformSignal(context, isGroup(child.pid ?? 0))
      : undefined
  const stoppable = new Child(child, settings, context, alreadySignalled, clock)
  await stop(stoppable, context, { alreadySignalled, clock })
}

export function hasEnded({ pid, exitCode, signalCode }: ChildProcessLike): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null
}

/**
 * The signal that the platform has sent to a child together with its parent; `undefined` if it sent
 * none. Ctrl-C goes to the terminal's whole foreground group, systemd (`KillMode=control-group`, its
 * default) and Heroku signal every process, and PM2 the whole tree (`treekill`, its default).
 */
function platformSignal(
  { reason, platform }: HookContext,
  hasOwnGroup: boolean,
): NodeJS.Signals | undefined {
  if (reason.kind !== 'signal') return undefined
  if (reason.terminal) return hasOwnGroup ? undefined : reason.signal
  return signalsAll(platform) ? reason.signal : undefined
}

/** A running child. */
class Child implements Stoppable {
  readonly label: string
  readonly #pid: number
  readonly #sentSignals: Set<NodeJS.Signals>

  constructor(
    readonly child: ChildProcessLike,
    readonly settings: StopSettings,
    readonly context: HookContext,
    alreadySignalled: NodeJS.Signals | undefined,
    readonly clock: Clock,
  ) {
    this.#sentSignals = new Set([
      settings.stopSignal,
      ...(alreadySignalled ? [alreadySignalled] : []),
    ])
    this.#pid = child.pid ?? 0
    this.label = `child '${settings.name}' (pid ${this.#pid})`
  }

  notify(isReminder: boolean): string {
    const { stopMessage, stopSignal } = this.settings
    // By convention a second SIGINT forces the exit.
    const signal = isReminder && stopSignal === 'SIGINT' ? 'SIGTERM' : stopSignal
    if (stopMessage === undefined) return this.#signal(signal)
    if (this.child.connected === false) return `${this.#signal(signal)} (its channel is closed)`
    try {
      this.child.send?.(stopMessage as never, (error) => {
        if (error) this.#trySignal(signal) // The channel has closed before the message arrived.
      })
    } catch {
      return `${this.#signal(signal)} (the message could not be sent)`
    }
    return typeof stopMessage === 'string' ? `the message '${stopMessage}'` : 'a message'
  }

  kill(): void {
    this.#send('SIGKILL', this.settings.kills)
  }

  async ended(): Promise<void> {
    const { child, settings, context, clock } = this
    if (!hasEnded(child)) await new Promise<void>((resolve) => child.once('exit', resolve))
    if (settings.signals === 'group') {
      // A message reaches the child alone: the others of its group get the signal now.
      if (settings.stopMessage !== undefined) this.#signal(settings.stopSignal)
      await groupHasEnded(this.#pid, context.signal, clock)
    }
    const status = exitStatusOf(child)
    if (isExpectedExit(status, settings.exitCodes, [...this.#sentSignals])) return
    throw endedBadly(this.label, status)
  }

  #trySignal(signal: NodeJS.Signals): void {
    try {
      this.#signal(signal)
    } catch {
      // It cannot be signalled either: it is killed at the limit.
    }
  }

  #signal(signal: NodeJS.Signals): string {
    this.#sentSignals.add(signal)
    this.#send(signal, this.settings.signals)
    return signal
  }

  #send(signal: NodeJS.Signals, to: 'process' | 'group'): void {
    // The kernel gives the pid to no other process before Node has reaped the child and set its exit code.
    if (to === 'group') sendSignal(-this.#pid, signal)
    else if (!hasEnded(this.child)) sendSignal(this.#pid, signal)
  }
}
