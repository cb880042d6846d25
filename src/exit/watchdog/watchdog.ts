import { formatDuration } from '../../base/duration.ts'
import type { Budget } from '../../engine/budget.ts'
import type { Coordinator } from '../../engine/coordinator.ts'
import type { Log } from '../../observe/log.ts'
import type { Clock } from '../../runtime/clock.ts'
import { EXIT_AT_ONCE } from '../../runtime/node/really-exit.ts'
import type { ProcessPort } from '../../runtime/process.ts'
import { extendGrace } from '../../runtime/shared-shutdowns.ts'
import { marginTimes } from '../margin.ts'
import { guardExit } from './exit-guard.ts'
import { EARLY, SIGNS, type WatchdogData } from './protocol.ts'
import { escapeLine, logJson, watch } from './thread.ts'

interface WatchdogParts {
  readonly host: ProcessPort
  readonly clock: Clock
  readonly budget: Budget
  readonly log: Pick<Log, 'onStderr'>
  readonly isWanted: boolean
}

/**
 * Kills the process if its event loop is blocked at the deadline, or later if its exit does not end. A
 * thread does this, since no timer fires in a blocked loop. It starts with the shutdown, and logs what
 * blocks. Of several shutdowns in one process, only the one whose grace ends last kills the process.
 *
 * @returns a function that stops the watchdog
 */
export function watchLoop(coordinator: Coordinator, parts: WatchdogParts): () => void {
  let stop = () => {}
  coordinator.on('start', () => {
    const data = watchdogData(parts)
    extendGrace(parts.host.sharedShutdowns, data.graceOverAt)
    if (parts.isWanted) stop = startWatchdog(coordinator, parts, data)
  })
  return () => stop()
}

// In the build, `watch` and its tools are texts already. Run from source, they are functions, to which
// the compiler may have added calls of `__name`, which keeps function names.
const PROGRAM = `const __name = (f) => f
;(${watch})(require('node:worker_threads').workerData, ${JSON.stringify(SIGNS)}, { logJson: ${logJson}, escapeLine: ${escapeLine} })`

function startWatchdog(
  coordinator: Coordinator,
  { host, clock }: WatchdogParts,
  data: WatchdogData,
): () => void {
  const { deadline, halfway, signs, times, format } = data
  const began = clock.now()
  const thread = host.startThread(PROGRAM, data)
  if (!thread) return () => {}
  const give = (sign: number) => void Atomics.or(signs, 0, sign)
  const timers = [
    clock.setTimeout(() => give(SIGNS.early), Math.max(0, deadline - EARLY)),
    clock.setTimeout(() => give(SIGNS.deadline), deadline),
    clock.setTimeout(() => give(SIGNS.halfway), halfway),
  ]
  // They must not hold up an event loop that has nothing else to do: others' listeners may wait for that.
  for (const timer of timers) clock.unref(timer)
  shareRunningHooks(coordinator, data.runningHooks)
  const leave = (sign: number) => {
    signs[1] = clock.now() - began
    give(sign)
  }
  coordinator.on('exit', () => leave(SIGNS.leaving))
  const removeExitListener = host.on('exit', () => {
    leave(SIGNS.exiting)
    // The exit ends threads one by one, perhaps the watchdog's before one that does not end.
    const isLast = Atomics.load(data.lastGraceOverAt, 0) <= data.graceOverAt
    if (!thread.hasOtherThreads() || !isLast) return
    const elapsed = clock.now() - began
    const exitDue = Math.min(times.killBy, Math.max(deadline, elapsed + times.leaving))
    guardExit(host, clock, exitDue - elapsed + times.guardDelay, format)
  })
  return () => {
    thread.end()
    removeExitListener()
    for (const timer of timers) clock.clearTimeout(timer)
  }
}

function watchdogData({ host, budget, log }: WatchdogParts): WatchdogData {
  const startedAt = host.sharedTime()
  const times = marginTimes(budget)
  return {
    pid: host.pid,
    startedAt,
    graceOverAt: startedAt + BigInt(Math.round(budget.grace * 1e6)),
    lastGraceOverAt: host.sharedShutdowns.graceOverAt,
    deadline: budget.deadline,
    deadlineText: formatDuration(budget.deadline),
    times,
    halfway: (budget.deadline + times.killBy) / 2,
    format: log.onStderr,
    exitExpression: EXIT_AT_ONCE,
    signs: new Int32Array(new SharedArrayBuffer(8)),
    runningHooks: new Uint8Array(new SharedArrayBuffer(1024)),
  }
}

/** The most running hooks that the thread can name. */
const MOST_HOOKS = 10

/** Keeps the names of the running hooks in memory that the thread can read. */
function shareRunningHooks(coordinator: Coordinator, memory: Uint8Array): void {
  const labels = new Map<string, string>()
  const text = Buffer.from(memory.buffer)
  let shown: string[] = []
  const write = () => {
    shown = []
    for (const hook of labels.keys()) if (shown.push(hook) === MOST_HOOKS) break
    const lines = shown.map((hook) => labels.get(hook)?.replace(/[\0\n]/g, ' '))
    const end = text.write(lines.join('\n'), 0, text.length - 1)
    text[end] = 0
  }
  coordinator.on('hook:start', ({ hook, phase }) => {
    labels.set(hook, `hook '${hook}' (${phase})`)
    if (shown.length < MOST_HOOKS) write()
  })
  coordinator.on('hook:end', ({ hook }) => {
    labels.delete(hook.name)
    if (shown.includes(hook.name)) write()
  })
}
