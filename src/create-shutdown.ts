import { invalidOption, LastcallError } from './base/errors.ts'
import type { Reason } from './base/reason.ts'
import { Coordinator } from './engine/coordinator.ts'
import { disposeHook, type Hook, hooksOf, isDisposable, prepareHook } from './engine/hook.ts'
import { Registry } from './engine/registry.ts'
import type { Outcome } from './engine/report.ts'
import { exitAtTheEnd } from './exit/exit.ts'
import { exitCodeOf, forcedCode } from './exit/exit-codes.ts'
import { watchLoop } from './exit/watchdog/watchdog.ts'
import { logEvents } from './observe/log-events.ts'
import { traceEvents } from './observe/tracing.ts'
import { type Ports, readOptions } from './options.ts'
import { guessPlatform, type Platform } from './platform/platform.ts'
import { systemClock } from './runtime/clock.ts'
import { systemProcess } from './runtime/process.ts'
import type { Shutdown, ShutdownOptions } from './shutdown.ts'
import { onFaults } from './triggers/faults.ts'
import { onMessages } from './triggers/messages.ts'
import { absorbHangup, onSignals, type SignalActions } from './triggers/signals.ts'

/**
 * Creates the coordinator of an application's end. Nothing is listened to until `listen()`; a run
 * begins with what is heard then, or with `now()`.
 *
 * @example
 * const shutdown = createShutdown({ grace: '10s' })
 * shutdown.add({ name: 'postgres', phase: 'close', run: () => pool.end() })
 * shutdown.listen()
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION` or `LASTCALL_SIGNAL_REFUSED`
 */
export function createShutdown(options: ShutdownOptions = {}): Shutdown {
  return assemble(options, { host: systemProcess, clock: systemClock })
}

/**
 * What the process runs on and what that grants between the stop signal and SIGKILL, concluded from
 * its environment. The shortest grace of all that is recognised is taken.
 *
 * @example
 * detectPlatform() // { name: 'kubernetes', grace: 30000, because: 'KUBERNETES_SERVICE_HOST is set', also: [] }
 */
export function detectPlatform(): Platform {
  return guessPlatform(systemProcess)
}

export function assemble(options: ShutdownOptions, ports: Ports): Shutdown {
  const { host, clock } = ports
  const settings = readOptions(options, ports)
  const { platform, budget, phases, exitCodes: policy, log } = settings
  const { signals, messages, exit, faults, watchdog } = settings

  const registry = new Registry(phases, budget)
  const exitCode = (outcome: Outcome, reason: Reason) =>
    exitCodeOf(outcome, reason, policy, host.exitCode)
  const coordinator = new Coordinator({
    registry,
    budget,
    platform,
    clock,
    exitCode,
    resources: () => host.activeResources(),
  })
  host.expectListeners(coordinator.signal)
  logEvents(coordinator, log, settings)
  const tracing = traceEvents(coordinator, platform)
  const prepare = (hook: Hook) => tracing.wrap(prepareHook(hook, phases))

  let stopListening: (() => void) | undefined
  const unlisten = () => {
    stopListening?.()
    stopListening = undefined
  }

  // First of all: whatever the others do when the run begins may block.
  const callOff = exit
    ? watchLoop(coordinator, { host, clock, budget, log, isWanted: watchdog })
    : undefined
  const stay = () => {
    callOff?.()
    unlisten()
  }
  // Whoever stays alive can be stopped again.
  const exiting = exit
    ? exitAtTheEnd(coordinator, { host, clock, budget, policy, log, tracing, stay })
    : undefined
  if (!exiting) coordinator.on('end', unlisten)

  return {
    add(what: unknown, options?: Parameters<Shutdown['add']>[1]) {
      if (isDisposable(what)) {
        const hook = disposeHook(what, options, registry.isTaken)
        return coordinator.add([prepare(hook)])
      }
      if (options !== undefined) {
        throw invalidOption(
          'options',
          'given with a resource only; a hook carries its own',
          options,
        )
      }
      return coordinator.add(hooksOf(what).map(prepare))
    },
    listen() {
      if (stopListening) {
        throw new LastcallError(
          'LASTCALL_ALREADY_LISTENING',
          'This shutdown listens already. Call listen() once, or what it returned before calling it again.',
        )
      }
      if (coordinator.report) {
        throw new LastcallError(
          'LASTCALL_ENDED',
          'The shutdown is over: there is nothing left to listen for. Create a new one.',
        )
      }
      const repeat = (signal: NodeJS.Signals, samePress: boolean) =>
        coordinator.emit({ type: 'repeat', signal, samePress })
      const force = (signal: NodeJS.Signals) => {
        // Whoever leaves the process alone cannot force it.
        if (!exiting) return repeat(signal, false)
        const code = forcedCode(signal, policy)
        coordinator.emit({ type: 'forced', signal, exitCode: code })
        exiting.exit(code)
      }
      const begin = (reason: Reason) => {
        const isFirst = !coordinator.signal.aborted
        void coordinator.begin(reason)
        return isFirst
      }
      const actions: SignalActions = { begin, force, repeat }
      const undos = [
        onSignals(signals, { host, clock, actions }),
        onMessages(messages, host, begin),
        faults ? onFaults(host, (thrown, origin) => coordinator.fault(thrown, origin)) : () => {},
        coordinator.on('start', () => {
          if (stopListening) undos.push(absorbHangup(signals, host, actions))
        }),
      ]
      stopListening = () => {
        for (const undo of undos) undo()
        exiting?.part()
      }
      exiting?.join()
      return unlisten
    },
    now(note) {
      if (note !== undefined && typeof note !== 'string') {
        throw invalidOption('reason', 'a string, or nothing', note)
      }
      return coordinator.begin({ kind: 'call', note: note ?? null })
    },
    plan: () => coordinator.plan(),
    on: (name, listener) => coordinator.on(name, listener),
    get signal() {
      return coordinator.signal
    },
    get report() {
      return coordinator.report
    },
    platform,
  }
}
