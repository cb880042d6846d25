import { refusal } from './base/errors.ts'
import type { Reason } from './base/reason.ts'
import type { Coordinator } from './engine/coordinator.ts'
import type { ProcessExit } from './exit/exit.ts'
import type { LogLine } from './observe/log.ts'
import { othersListenLine } from './observe/log-events.ts'
import type { Ports, Settings } from './options.ts'
import { describeListener, listenerLabel } from './platform/signal-listeners.ts'
import { afterListeners, stageOf } from './runtime/shared-hooks.ts'
import { isFirstToSay } from './runtime/shared-shutdowns.ts'
import { untilIdle } from './runtime/until-idle.ts'
import { onEmptyLoop } from './triggers/empty-loop.ts'
import { type FaultActions, onFaults } from './triggers/faults.ts'
import { onMessages } from './triggers/messages.ts'
import { onSignals, type SignalActions } from './triggers/signals.ts'

/**
 * Listens for what begins the shutdown: signals, faults and messages.
 *
 * @param exiting exits the process; `undefined` with `exit: false`
 */
export function listener(
  coordinator: Coordinator,
  { signals, messages, faults, beforeExit, log }: Settings,
  { host, clock }: Ports,
  exiting: ProcessExit | undefined,
) {
  const repeat = (signal: NodeJS.Signals, samePress: boolean) => {
    afterListeners(host.sharedHooks)
    coordinator.emit({ type: 'repeat', signal, samePress })
  }
  const force = (signal: NodeJS.Signals) => {
    if (!exiting) return repeat(signal, false)
    exiting.force(signal)
  }
  const begin = (reason: Reason) => {
    // Another shutdown may have heard the same signal, and begun this one.
    const isFirst = !coordinator.signal.aborted || coordinator.isBeginning
    void coordinator.begin(reason)
    return isFirst
  }
  const beginBySignal = (reason: Reason & { kind: 'signal' }) => {
    const isFirstShutdown = stageOf(host.sharedHooks) === 'no shutdown'
    const isFirst = begin(reason)
    // With `exit: false` the process stays, and its listeners can end.
    if (exiting && isFirstShutdown && signals.others === undefined) {
      const others = host.otherListeners(reason.signal).map(describeListener)
      const slow = others.filter(({ needsNoTime }) => !needsNoTime)
      if (slow.length > 0) log.write(othersListenLine(reason.signal, slow.map(listenerLabel)))
    }
    return isFirst
  }
  const actions: SignalActions = { begin: beginBySignal, force, repeat }

  // yarn 1 sends a SIGHUP 9 ms after a Ctrl-C, and a terminal sends one when it closes. During the
  // shutdown, SIGHUP must not end the process.
  const absorbHangup = () => {
    // An earlier listener for `start` may have called `stop()`.
    if (!undos || signals.on.includes('SIGHUP')) return
    undos.push(host.onFirst('SIGHUP', () => repeat('SIGHUP', false)))
  }

  let undos: (() => void)[] | undefined
  const start = () => {
    refuseToListen(undos !== undefined, coordinator)
    undos = [
      onSignals(signals, { host, clock, actions }),
      onMessages(messages, host, begin),
      coordinator.on('start', absorbHangup),
    ]
    if (faults) {
      const fault: FaultActions['fault'] = (thrown, origin) => coordinator.fault(thrown, origin)
      const leave = () => {
        const { sharedShutdowns } = host
        if (isFirstToSay(sharedShutdowns, LEFT_TO_OTHERS.msg, coordinator, log.sink))
          log.write(LEFT_TO_OTHERS)
      }
      undos.push(onFaults(faults, host, { fault, leave }))
    }
    if (beforeExit) undos.push(onEmptyLoop(host, begin))
    if (signals.others === 'after') {
      const idle = () => untilIdle(signals.othersWithin, { host, clock })
      // Undone first, while our own listener is there: without any, the signal would end the process.
      undos.unshift(host.callOthersAfterHooks(signals.on, idle))
    }
    exiting?.join()
    return stop
  }
  const stop = () => {
    if (!undos) return
    for (const undo of undos) undo()
    undos = undefined
    exiting?.withdraw()
  }
  return { start, stop }
}

const LEFT_TO_OTHERS: LogLine = {
  level: 'info',
  fields: { event: 'rejection:left' },
  isShared: true,
  msg: "unhandledRejection: left to the application's own listener; it starts no shutdown, and neither do later ones (faults: { unhandledRejection: 'always' } changes that)",
}

function refuseToListen(isListening: boolean, { report }: Coordinator): void {
  if (isListening) {
    throw refusal(
      'LASTCALL_ALREADY_LISTENING',
      'This shutdown listens already. Call listen() once, or what it returned before calling it again.',
    )
  }
  if (report) {
    throw refusal(
      'LASTCALL_ENDED',
      'The shutdown is over: there is nothing left to listen for. Create a new one.',
    )
  }
}
