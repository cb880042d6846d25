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
import { SHARED, SIGNS, TURNS, type WatchdogData } from './protocol.ts'
import { escapeLine, logJson, watch } from './thread.ts'

interface WatchdogParts {
  readonly host: ProcessPort
  readonly clock: Clock
  readonly budget: Budget
  readonly log: Pick<Log, 'onStderr'>
  readonly isWanted: boolean
}

/**
 * Kills the process if its event loop is blocked at the deadline, or if it has not left just before its
 * grace is over. A thread does this, since no timer fires in a blocked loop. It starts with the shutdown,
 * and logs what blocks. Of several shutdowns in one process, only the one whose grace ends last kills the process.
 */
export class Watchdog {
  readonly #coordinator: Coordinator
  readonly #parts: WatchdogParts
  hasStarted = false
  #stop = () => {}

  constructor(coordinator: Coordinator, parts: WatchdogParts) {
    this.#coordinator = coordinator
    this.#parts = parts
  }

  /** Starts the thread, once. No code of the application runs before in this shutdown. */
  start(): void {
    if (this.hasStarted) return
    this.hasStarted = true
    const data = watchdogData(this.#parts)
    extendGrace(this.#parts.host.sharedShutdowns, data.graceOverAt)
    if (this.#parts.isWanted) this.#stop = startThread(this.#coordinator, this.#parts, data)
  }

  stop(): void {
    this.#stop()
  }
}

// In the build, `watch` and its tools are texts already. Run from source, they are functions, to which
// the compiler may have added calls of `__name`, which keeps function names.
const PROGRAM = `const __name = (f) => f
;(${watch})(require('node:worker_threads').workerData, ${JSON.stringify({ SHARED, SIGNS })}, { logJson: ${logJson}, escapeLine: ${escapeLine} })`

function startThread(
  coordinator: Coordinator,
  { host, clock }: WatchdogParts,
  data: WatchdogData,
): () => void {
  const { deadline, shared, times, format } = data
  const began = clock.now()
  const elapsed = () => clock.now() - began
  const thread = host.startThread(PROGRAM, data)
  if (!thread) return () => {}
  const give = (sign: number) => void Atomics.or(shared, SHARED.signs, sign)
  const isLast = () => Atomics.load(data.lastGraceOverAt, 0) <= data.graceOverAt
  const timer = clock.setTimeout(() => give(SIGNS.deadline), deadline)
  clock.unref(timer)
  const stopSharing = shareTurns(clock, elapsed, data, isLast)
  shareRunningHooks(coordinator, data.runningHooks)
  const leave = (sign: number) => {
    Atomics.store(shared, SHARED.leftAt, elapsed())
    give(sign)
  }
  coordinator.on('exit', () => leave(SIGNS.leaving))
  const removeExitListener = host.on('exit', () => {
    const hasOthers = thread.hasOtherThreads()
    leave(SIGNS.exiting | (hasOthers ? SIGNS.otherThreads : 0))
    // The exit ends threads one by one, perhaps the watchdog's before one that does not end.
    if (!hasOthers || !isLast()) return
    const now = elapsed()
    const exitDue = Math.min(times.killBy, Math.max(deadline, now + times.leaving))
    // A process that was stopped past its grace gets the time to leave again.
    const left = exitDue > now ? exitDue - now : times.leaving
    guardExit(host, clock, left + times.guardDelay, format)
  })
  return () => {
    thread.end()
    removeExitListener()
    stopSharing()
    clock.clearTimeout(timer)
  }
}

function watchdogData({ host, budget, log }: WatchdogParts): WatchdogData {
  const startedAt = host.sharedTime()
  return {
    pid: host.pid,
    startedAt,
    graceOverAt: startedAt + BigInt(Math.round(budget.grace * 1e6)),
    lastGraceOverAt: host.sharedShutdowns.graceOverAt,
    deadline: budget.deadline,
    deadlineText: formatDuration(budget.deadline),
    times: marginTimes(budget),
    turnsFrom: nextLook(0, budget.deadline),
    format: log.onStderr,
    exitExpression: EXIT_AT_ONCE,
    shared: new Int32Array(new SharedArrayBuffer(16)),
    runningHooks: new Uint8Array(new SharedArrayBuffer(1024)),
  }
}

/** Shares how long the turns of the event loop take. Returns a function that stops it. */
function shareTurns(
  clock: Clock,
  elapsed: () => number,
  { shared, turnsFrom, deadline }: WatchdogData,
  isLast: () => boolean,
): () => void {
  let timer: unknown
  let turnFrom = turnsFrom
  const lookAt = (time: number, now: number) => {
    Atomics.store(shared, SHARED.turnFrom, turnFrom)
    timer = clock.setTimeout(look, time - now)
    // It must not hold up an event loop that has nothing else to do: others' listeners may wait for that.
    clock.unref(timer)
  }
  const look = () => {
    const now = elapsed()
    const turn = now - turnFrom
    const longest = Math.max(Atomics.load(shared, SHARED.turn), turn)
    Atomics.store(shared, SHARED.turn, longest)
    const isLate = turn > TURNS.late
    const next = isLate ? now + TURNS.whenLate : nextLook(now, deadline)
    turnFrom = isLate ? now : next
    if (isLast()) lookAt(next, now)
  }
  lookAt(turnsFrom, 0)
  return () => clock.clearTimeout(timer)
}

function nextLook(now: number, deadline: number): number {
  const times = TURNS.beforeDeadline.map((before) => deadline - before)
  return times.find((time) => time > now) ?? now + TURNS.afterDeadline
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
