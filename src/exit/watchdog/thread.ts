import type { Debugger, Session } from 'node:inspector'
import { logJson } from '../../observe/log-json.ts'
import { escapeLine } from '../../text/printable.ts'
import type { Patience } from '../margin.ts'
import type { SHARED, SIGNS, WatchdogData } from './protocol.ts'

// Tools that the thread gets as source texts, like its program: see tsup.config.ts.
export { escapeLine, logJson }

type Protocol = Readonly<{ SHARED: typeof SHARED; SIGNS: typeof SIGNS }>
type Tools = Readonly<{ logJson: typeof logJson; escapeLine: typeof escapeLine }>

/**
 * The program of the watchdog's thread. The thread runs the source text of this function, so that no
 * bundler can lose or change its file. The function uses nothing from outside itself but types.
 */
export function watch(data: WatchdogData, { SHARED, SIGNS }: Protocol, tools: Tools): void {
  const { pid, deadline, times } = data
  const { logJson, escapeLine } = tools
  const { fstatSync, writeSync, openSync, readFileSync, constants } =
    process.getBuiltinModule('node:fs')
  // A test may have replaced the main thread's clock. If the start seems to lie in the future, or more
  // than 5 s ago, the watchdog counts from now and is late. Late is harmless; early would kill a healthy
  // process.
  const passed = Number(process.hrtime.bigint() - data.startedAt) / 1e6
  const began = performance.now() - (passed > 0 && passed < 5000 ? passed : 0)
  const elapsed = () => performance.now() - began
  const shared = (place: number) => Atomics.load(data.shared, place)
  const has = (sign: number) => (shared(SHARED.signs) & sign) !== 0
  /** Whether no other shutdown's grace ends later: the process would have to live on for it. */
  const isLast = () => Atomics.load(data.lastGraceOverAt, 0) <= data.graceOverAt

  /** How often the main thread is looked at: while it is late, and until then. In milliseconds. */
  const LOOK_WHEN_LATE = 5
  const LOOK = 25
  /** Connecting takes 25 ms, and 80 ms with thousands of scripts: it starts this long before the stack is needed. */
  const CONNECT_AHEAD = 150
  /** A turn of the event loop that takes longer is slow. */
  const SLOW = 200
  /** A turn whose length times this is more than the longest was nearly as long. */
  const NEARLY = 1.5
  /** The least time from the deadline to the kill for a process that leaves, also with a smaller margin. */
  const LEAST_TO_LEAVE = 50
  /** A thread that neither ran nor waited for a processor for longer was stopped with its process. */
  const STOPPED = 50

  const scripts = new Map<string, string>()
  let session: Session | undefined
  let stack: Debugger.CallFrame[] | undefined
  let steps = 0
  let isPauseRequested = false
  let isDebugged = false
  let isKilled = false

  let lookDue = 0
  let timeBefore = 0
  const stop = { from: 0, to: 0, total: 0 }
  let turnFrom = data.turnsFrom
  let longestTurn = 0
  /** Where the main thread was in its longest turn, or in one that was nearly as long. */
  let slow: { turnFrom: number; length: number; frames: Frame[] } | undefined
  /** How long the main thread has been late; `undefined` while it is not. */
  let timeLate: (() => number) | undefined
  let pausedAt = Number.POSITIVE_INFINITY

  noteStop()
  lookAfter(data.turnsFrom - elapsed())

  function lookAfter(milliseconds: number): void {
    const wait = Math.max(0, milliseconds)
    lookDue = elapsed() + wait
    setTimeout(look, wait)
  }

  function look(): void {
    noteStop()
    noteTurn()
    // A debugger's user must not lose the process.
    if (isDebugged || !isLast()) {
      disconnect()
      return
    }
    const due = dueNow()
    const left = due.at - elapsed()
    if (left > 0) {
      timeLate = undefined
      watchTurn(left)
      lookAfter(isPauseRequested ? LOOK_WHEN_LATE : Math.min(left, LOOK))
    } else checkLate(due.patience)
  }

  /** What the main thread must have done when, and how late it may be. */
  function dueNow(): { readonly at: number; readonly patience: Patience } {
    const { blocked, stuck } = times
    if (has(SIGNS.exiting)) return { at: exitDue(), patience: stuck }
    // Its loop turns: it leaves by itself if it can.
    if (has(SIGNS.deadline) || !isBlocked()) return { at: lastCheck(), patience: stuck }
    return { at: has(SIGNS.leaving) ? exitDue() : deadline, patience: blocked }
  }

  function exitDue(): number {
    const due = Math.max(deadline, shared(SHARED.leftAt) + times.leaving)
    return Math.min(lastCheck(), Math.max(due, afterStop()))
  }

  /** After this moment there is no time left to get the stack of a process that does not leave. */
  function lastCheck(): number {
    const least = Math.max(deadline + LEAST_TO_LEAVE, afterStop())
    return Math.max(times.killBy - times.stuck.stack, least)
  }

  /** The time to leave begins again for a process that was stopped when its deadline passed. */
  function afterStop(): number {
    return stop.to > deadline ? stop.to + times.leaving : 0
  }

  /** Notes whether the process was stopped, as by SIGSTOP: then this thread was, too. */
  function noteStop(): void {
    const now = elapsed()
    const time = timeOfThread()
    const missing = now - lookDue - (time - timeBefore)
    timeBefore = time
    if (missing < STOPPED) return
    stop.from = lookDue
    stop.to = now
    stop.total += missing
  }

  /** Notes how long the turns of the event loop took. The time in which the process was stopped does not count. */
  function noteTurn(): void {
    const from = shared(SHARED.turnFrom)
    if (from === turnFrom) return
    const turn = Atomics.exchange(data.shared, SHARED.turn, 0)
    const stopped = Math.min(stop.to, from) - Math.max(stop.from, from - turn)
    const length = turn - Math.max(0, stopped)
    longestTurn = Math.max(longestTurn, length)
    if (slow?.turnFrom === turnFrom) slow.length = length
    turnFrom = from
  }

  /** How long the current turn has taken, at least. */
  function turnSoFar(): number {
    return elapsed() - Math.max(turnFrom, stop.to)
  }

  /** Whether the loop has not turned for longer than it ever took until now. */
  function isBlocked(): boolean {
    return turnSoFar() > Math.max(SLOW, longestTurn)
  }

  /** Gets the stack of a slow turn, or connects because it may be needed soon. */
  function watchTurn(left: number): void {
    const length = turnSoFar()
    if (stack) {
      slow = { turnFrom, length, frames: framesOf(stack) }
      resume()
    }
    const hasTurned = has(SIGNS.deadline | SIGNS.leaving)
    const isEndNear = (hasTurned ? left : deadline - elapsed()) <= CONNECT_AHEAD
    const isNeededSoon = isEndNear && length >= CONNECT_AHEAD / 2
    const isSlowest = length > Math.max(SLOW, (slow?.length ?? 0) * NEARLY)
    const isWanted = isSlowest && slow?.turnFrom !== turnFrom && !has(SIGNS.leaving | SIGNS.exiting)
    if (isWanted || isNeededSoon) connect()
    else disconnect()
    // One that does not answer may be held by a debugger, or not be in JavaScript.
    if (isWanted && isConnected()) pause()
  }

  /** Kills the process if the main thread stays late for too long. */
  function checkLate(patience: Patience): void {
    timeLate ??= stopwatch()
    const late = timeLate()
    // Not at once: a main thread that is a little late may be about to exit, and would wait for us to
    // disconnect.
    if (late >= Math.min(patience.late, 20)) connect()
    const left = lastCheck() + times.stuck.stack - elapsed()
    const isOver = late >= patience.late || left <= patience.stack
    if (stack && !isOver) resume()
    if (isOver && !isPauseRequested) {
      pause()
      pausedAt = late
    }
    // A main thread that let us connect is in JavaScript, and will answer.
    const isSilent = !isConnected() && late - pausedAt >= patience.stack
    if (isOver && (stack || isSilent || left <= 0)) end()
    else lookAfter(LOOK_WHEN_LATE)
  }

  /**
   * Measures how many milliseconds the main thread had. Time that it spent waiting for a processor does
   * not count: on a busy machine everything is late, this thread too.
   */
  function stopwatch(): () => number {
    let total = 0
    let before = { at: elapsed(), ran: cpuTimeOfMain() }
    return () => {
      const now = { at: elapsed(), ran: cpuTimeOfMain() }
      const passed = Math.min(now.at - before.at, LOOK_WHEN_LATE + 1)
      const isRunnable = stateOfMain() === 'R' && now.ran > 0
      total += isRunnable ? Math.min(passed, now.ran - before.ran) : passed
      before = now
      return total
    }
  }

  function connect(): void {
    if (session) return
    try {
      session = new (process.getBuiltinModule('node:inspector').Session)()
      session.connectToMainThread()
      session.on('Debugger.scriptParsed', ({ params }) => {
        scripts.set(params.scriptId, params.url)
      })
      session.on('Debugger.paused', ({ params }) => {
        // A pause that we did not request comes from a debugger: its user must not lose the process.
        const isInside = params.callFrames.every((frame) => fileOf(frame).startsWith('node:'))
        if (!isPauseRequested) isDebugged = true
        else if (isInside && steps++ < 3) session?.post('Debugger.stepInto')
        else stack = params.callFrames
        if (isKilled) exitFromInside()
      })
      session.post('Debugger.enable')
    } catch {
      // Some runtimes have no inspector.
    }
  }

  /** Whether the main thread has answered. Some runtimes connect, and never answer. */
  function isConnected(): boolean {
    return scripts.size > 0
  }

  function pause(): void {
    if (isPauseRequested) return
    connect()
    isPauseRequested = true
    try {
      session?.post('Debugger.pause')
    } catch {
      // The process is killed without its stack.
    }
  }

  function resume(): void {
    stack = undefined
    steps = 0
    isPauseRequested = false
    session?.post('Debugger.resume')
  }

  function disconnect(): void {
    if (!session) return
    try {
      session?.disconnect()
    } catch {
      // The main thread has gone.
    }
    session = undefined
    stack = undefined
    isPauseRequested = false
    scripts.clear()
    steps = 0
  }

  function end(): void {
    isKilled = true
    report()
    kill(pid)
    // The kernel refuses SIGKILL for PID 1 of a container. Then kill the other processes: the main thread
    // may wait for one of them. Once it is back in JavaScript, the inspector makes it exit. Until then
    // this thread has to live.
    if (pid === 1) {
      kill(-1)
      setInterval(() => {}, 1000)
    }
    exitFromInside()
  }

  function kill(target: number): void {
    try {
      process.kill(target, 'SIGKILL')
    } catch {
      // There is no such process.
    }
  }

  function exitFromInside(): void {
    const [top] = stack ?? []
    if (!top) return
    const { callFrameId } = top
    session?.post('Debugger.evaluateOnCallFrame', { callFrameId, expression: data.exitExpression })
  }

  function report(): void {
    if (data.format === 'silent') return
    const { event, what, frames, where } = verdict()
    const hooks = runningHooks()
    const children = stack ? [] : childrenOfMain()
    const late = Math.round(elapsed() - deadline)
    const when = late > 150 ? `${late} ms after` : 'at'
    const total = Math.round(stop.total)
    const stopped = total > 0 ? ` (the process did not run for ${total} ms)` : ''
    const msg = [
      `${what}: killed ${when} the deadline of ${data.deadlineText}${stopped}`,
      ...frames.slice(0, 10).map((frame) => `    at ${formatFrame(frame)}`),
      ...children.map((child) => `  its child: ${child}`),
      ...hooks.map((hook) => `  running: ${hook}`),
    ].join('\n')
    const fields = { event, where: where ?? null, stack: frames, hooks, children }
    write(
      data.format === 'text'
        ? `lastcall: ${msg}\n`
        : logJson({ level: 'fatal', time: Date.now(), pid, fields, msg }),
    )
  }

  /** Why the process is killed. */
  function verdict(): Verdict {
    const frames = framesOf(stack ?? [])
    const where = culpritOf(frames)
    const blocked = (what: string): Verdict => {
      const by = where ? `by ${formatFrame(where)}` : guessCause()
      return { event: 'blocked', what: `${what} is blocked ${by}`, frames, where }
    }
    if (has(SIGNS.exiting)) return blocked('the exit')
    if (longestTurn > SLOW && !isBlocked()) return slowVerdict()
    if (has(SIGNS.leaving)) return blocked('the exit')
    if (isBlocked() || !has(SIGNS.deadline)) return blocked('the event loop')
    return { event: 'late', what: 'the process did not leave in time', frames, where }
  }

  function slowVerdict(): Verdict {
    // Not where it is now: native code may have held it up, and something else may have answered.
    const frames = slow && slow.length * NEARLY > longestTurn ? slow.frames : []
    const where = culpritOf(frames)
    const place = where ? ` in ${formatFrame(where)}` : ''
    const what = `the event loop is slow: longest turn ${Math.round(longestTurn)} ms${place}`
    return { event: 'slow', what, frames, where }
  }

  function framesOf(callFrames: Debugger.CallFrame[]): Frame[] {
    return callFrames.map((frame) => ({
      function: escapeLine(frame.functionName || '(anonymous)'),
      file: escapeLine(fileOf(frame)),
      line: frame.location.lineNumber + 1,
      column: (frame.location.columnNumber ?? 0) + 1,
    }))
  }

  /** The first frame of the application's code. */
  function culpritOf(frames: Frame[]): Frame | undefined {
    return frames.find(({ file }) => !file.startsWith('node:')) ?? frames[0]
  }

  function formatFrame({ function: name, file, line, column }: Frame): string {
    return `${name} (${file}:${line}:${column})`
  }

  /** Writes to stderr without waiting for its reader. */
  function write(text: string): void {
    try {
      const { O_WRONLY, O_NONBLOCK } = constants
      const stderr = fstatSync(2)
      const mayBlock = stderr.isFIFO() || stderr.isCharacterDevice()
      writeSync(mayBlock ? openSync('/proc/self/fd/2', O_WRONLY | O_NONBLOCK) : 2, text)
    } catch {
      // stderr is closed or full.
    }
  }

  function fileOf({ location }: Debugger.CallFrame): string {
    const url = scripts.get(location.scriptId) ?? ''
    if (!url.startsWith('file:')) return url.slice(0, 200)
    try {
      return process.getBuiltinModule('node:url').fileURLToPath(url)
    } catch {
      return url
    }
  }

  function runningHooks(): string[] {
    const text = Buffer.from(data.runningHooks).toString().split('\0', 1).join()
    return text === '' ? [] : text.split('\n').map(escapeLine)
  }

  /** Guesses what blocks a main thread that gave no stack: only JavaScript answers the inspector. */
  function guessCause(): string {
    if (has(SIGNS.otherThreads)) return 'by a worker thread that does not end'
    if (isConnected()) return 'and does not say where'
    return 'SD'.includes(stateOfMain())
      ? 'by a synchronous call, such as execSync(), that waits for the system'
      : 'by native code'
  }

  /** The child processes, by name only: arguments may hold secrets. */
  function childrenOfMain(): string[] {
    const pids = readOfMain('children').split(' ').filter(Boolean)
    return pids.map((child) => `${escapeLine(read(`/proc/${child}/comm`).trim())} (pid ${child})`)
  }

  /** How long the main thread has run on a processor, in milliseconds; 0 where the system does not say. */
  function cpuTimeOfMain(): number {
    return Number(readOfMain('schedstat').split(' ')[0]) / 1e6
  }

  /** How long this thread has run on a processor or waited for one; 0 where the system does not say. */
  function timeOfThread(): number {
    const [ran = 0, waited = 0] = read('/proc/thread-self/schedstat').split(' ').map(Number)
    return (ran + waited) / 1e6
  }

  /** The state letter of proc(5), or `?`. It follows the name, which is in brackets and may contain brackets. */
  function stateOfMain(): string {
    const stat = readOfMain('stat')
    return stat.charAt(stat.lastIndexOf(')') + 2) || '?'
  }

  /** A file of Linux about the main thread. */
  function readOfMain(name: string): string {
    return read(`/proc/self/task/${pid}/${name}`)
  }

  function read(file: string): string {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return ''
    }
  }
}

interface Frame {
  readonly function: string
  readonly file: string
  readonly line: number
  readonly column: number
}

interface Verdict {
  readonly event: 'blocked' | 'slow' | 'late'
  readonly what: string
  readonly frames: readonly Frame[]
  readonly where: Frame | undefined
}
