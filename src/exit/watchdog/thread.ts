import type { Debugger, Session } from 'node:inspector'
import { logJson } from '../../observe/log-json.ts'
import { escapeLine } from '../../text/printable.ts'
import type { Patience } from '../margin.ts'
import type { SIGNS, WatchdogData } from './protocol.ts'

// Tools that the thread gets as source texts, like its program: see tsup.config.ts.
export { escapeLine, logJson }

type Tools = Readonly<{ logJson: typeof logJson; escapeLine: typeof escapeLine }>

/**
 * The program of the watchdog's thread. The thread runs the source text of this function, so that no
 * bundler can lose or change its file. The function uses nothing from outside itself but types.
 */
export function watch(data: WatchdogData, signsOf: typeof SIGNS, tools: Tools): void {
  const { pid, signs, deadline, times } = data
  const { logJson, escapeLine } = tools
  const { fstatSync, writeSync, openSync, readFileSync, constants } =
    process.getBuiltinModule('node:fs')
  // A test may have replaced the main thread's clock. If the start seems to lie in the future, or more
  // than 5 s ago, the watchdog counts from now and is late. Late is harmless; early would kill a healthy
  // process.
  const passed = Number(process.hrtime.bigint() - data.startedAt) / 1e6
  const began = performance.now() - (passed > 0 && passed < 5000 ? passed : 0)
  const elapsed = () => performance.now() - began
  const runAt = (when: number, run: () => void) => setTimeout(run, Math.max(0, when - elapsed()))
  const has = (sign: number) => (Atomics.load(signs, 0) & sign) !== 0
  const isLeaving = () => has(signsOf.leaving | signsOf.exiting)
  /** Whether no other shutdown's grace ends later: the process would have to live on for it. */
  const isLast = () => Atomics.load(data.lastGraceOverAt, 0) <= data.graceOverAt

  /** After this moment there is no time left to get the stack of a stuck exit. */
  const lastCheck = times.killBy - times.stuck.stack
  /** How often a late main thread is checked, in milliseconds. */
  const CHECK_INTERVAL = 5
  /** Connecting takes 25 ms, and 80 ms with thousands of scripts: it starts this long before the stack is needed. */
  const CONNECT_AHEAD = 150
  const scripts = new Map<string, string>()
  let session: Session | undefined
  let stack: Debugger.CallFrame[] | undefined
  let steps = 0
  let isPauseRequested = false
  let isDebugged = false
  let isKilled = false

  runAt(deadline - CONNECT_AHEAD, () => {
    if (isLast() && !has(signsOf.early | signsOf.exiting)) connect()
  })
  runAt(deadline, () => {
    const isLate = () => !has(signsOf.deadline) && !isLeaving()
    check(isLate, times.blocked, () => (has(signsOf.deadline) ? watchExit() : watchLeaving()))
  })

  /** Watches a process that began to leave before the deadline. Its own `exit` listeners may run before ours. */
  function watchLeaving(): void {
    const isLate = () => !has(signsOf.deadline | signsOf.exiting)
    const due = exitDue()
    runAt(due - CONNECT_AHEAD, () => {
      if (isLast() && isLate()) connect()
    })
    runAt(due, () => check(isLate, times.blocked, watchExit))
  }

  /** Watches an exit that began in time, until it has to be over. */
  function watchExit(): void {
    runAt(data.halfway + 20, () => {
      if (isLast() && isLeaving() && !has(signsOf.halfway)) connect()
    })
    runAt(has(signsOf.exiting) ? exitDue() : lastCheck, () => {
      check(isLeaving, times.stuck, () => {})
    })
  }

  function exitDue(): number {
    return Math.min(lastCheck, Math.max(deadline, Atomics.load(signs, 1) + times.leaving))
  }

  /** Kills the process if the main thread stays late for too long. Calls `clear` once it is no longer late. */
  function check(isLate: () => boolean, patience: Patience, clear: () => void): void {
    const timeOfMain = stopwatch()
    let pausedAt = Number.POSITIVE_INFINITY
    const look = () => {
      if (!isLast() || !isLate() || isDebugged) {
        disconnect()
        return clear()
      }
      const now = timeOfMain()
      // Not at once: a main thread that is a little late may be about to exit, and would wait for us to
      // disconnect.
      if (now >= Math.min(patience.late, 20)) connect()
      const left = times.killBy - elapsed()
      if (!isPauseRequested && (now >= patience.late || left <= patience.stack)) {
        pause()
        pausedAt = now
      }
      // A main thread that let us connect is in JavaScript, and will answer.
      const isSilent = !isConnected() && now - pausedAt >= patience.stack
      if (stack || isSilent || left <= 0) end()
      else setTimeout(look, CHECK_INTERVAL)
    }
    look()
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
      const passed = Math.min(now.at - before.at, CHECK_INTERVAL + 1)
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

  function disconnect(): void {
    try {
      session?.disconnect()
    } catch {
      // It was never connected.
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
    const frames = (stack ?? []).map((frame) => ({
      function: escapeLine(frame.functionName || '(anonymous)'),
      file: escapeLine(fileOf(frame)),
      line: frame.location.lineNumber + 1,
      column: (frame.location.columnNumber ?? 0) + 1,
    }))
    const where = (frame: (typeof frames)[number]) =>
      `${frame.function} (${frame.file}:${frame.line}:${frame.column})`
    // The first frame of the application's code.
    const culprit = frames.find(({ file }) => !file.startsWith('node:')) ?? frames[0]
    const hooks = runningHooks()
    const children = stack ? [] : childrenOfMain()
    const late = Math.round(elapsed() - deadline)
    const when = late > 150 ? `${late} ms after` : 'at'
    const msg = [
      `${isLeaving() ? 'the exit' : 'the event loop'} is blocked ${culprit ? `by ${where(culprit)}` : guessCause()}: killed ${when} the deadline of ${data.deadlineText}`,
      ...frames.slice(0, 10).map((frame) => `    at ${where(frame)}`),
      ...children.map((child) => `  its child: ${child}`),
      ...hooks.map((hook) => `  running: ${hook}`),
    ].join('\n')
    const fields = { event: 'blocked', where: culprit ?? null, stack: frames, hooks, children }
    write(
      data.format === 'text'
        ? `lastcall: ${msg}\n`
        : logJson({ level: 'fatal', time: Date.now(), pid, fields, msg }),
    )
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
    if (has(signsOf.exiting)) return 'by a worker thread that does not end'
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
