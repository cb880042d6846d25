import type { Debugger, Session } from 'node:inspector'
import type { Patience, SIGNS, WatchdogData } from './protocol.ts'

/**
 * The program of the watchdog's thread. It runs from its own text in a world of its own, so that no
 * bundler can lose its file, or change it: it can use nothing of what stands around it but types.
 */
export function watch(data: WatchdogData, signsOf: typeof SIGNS): void {
  const { pid, signs, deadline, leaveBy } = data
  const { fstatSync, writeSync, openSync, readFileSync, constants } =
    process.getBuiltinModule('node:fs')
  // An application may have put another clock in this one's place, for its tests: it is believed within
  // reason. Who is late is only late; who is early would kill somebody who is well.
  const passed = Number(process.hrtime.bigint() - data.startedAt) / 1e6
  const began = performance.now() - (passed > 0 && passed < 5000 ? passed : 0)
  const elapsed = () => performance.now() - began
  const at = (when: number, run: () => void) => setTimeout(run, Math.max(0, when - elapsed()))
  const has = (sign: number) => (Atomics.load(signs, 0) & sign) !== 0
  const isLeaving = () => has(signsOf.leaving | signsOf.exiting)
  /** Whether no other shutdown of the process has longer: for that one it lives on. */
  const isLast = () => Atomics.load(data.lastUntil, 0) <= data.until

  /** The last moment at which there is time to ask where it is. */
  const latest = leaveBy - data.stuck.listens
  /** How often the main thread is looked at that is late, in milliseconds. */
  const LOOK = 5
  const scripts = new Map<string, string>()
  let session: Session | undefined
  let stack: Debugger.CallFrame[] | undefined
  let steps = 0
  let isAsked = false
  let isDebugged = false
  let isOver = false

  const AHEAD = 150
  // To connect takes 25 ms, and 80 where thousands of scripts are loaded: whoever is late already is
  // connected to before the deadline.
  at(deadline - AHEAD, () => {
    if (isLast() && !has(signsOf.early | signsOf.exiting)) connect()
  })
  at(deadline, () => {
    const isBlocked = () => !has(signsOf.deadline) && !isLeaving()
    judge(isBlocked, data.blocked, () => (has(signsOf.deadline) ? watchExit() : watchLeaving()))
  })

  /** The application's listeners of `exit` may come before ours: who leaves has time for them. */
  function watchLeaving(): void {
    const isSilent = () => !has(signsOf.deadline | signsOf.exiting)
    const by = exitBy()
    at(by - AHEAD, () => {
      if (isLast() && isSilent()) connect()
    })
    at(by, () => judge(isSilent, data.blocked, watchExit))
  }

  /** Has an exit that began in time be over in time. */
  function watchExit(): void {
    at(data.halfway + 20, () => {
      if (isLast() && isLeaving() && !has(signsOf.halfway)) connect()
    })
    at(has(signsOf.exiting) ? exitBy() : latest, () => judge(isLeaving, data.stuck, () => {}))
  }

  function exitBy(): number {
    return Math.min(latest, Math.max(deadline, Atomics.load(signs, 1) + data.exitTime))
  }

  /** Ends the process where it goes on being guilty for as long as we are patient. */
  function judge(isGuilty: () => boolean, { waits, listens }: Patience, acquit: () => void): void {
    const spent = stopwatch()
    let asked = Number.POSITIVE_INFINITY
    const look = () => {
      if (!isLast() || !isGuilty() || isDebugged) {
        disconnect()
        return acquit()
      }
      const now = spent()
      // Not at once: who is a little late is about to exit, and would wait for us to disconnect.
      if (now >= Math.min(waits, 20)) connect()
      const left = leaveBy - elapsed()
      if (!isAsked && (now >= waits || left <= listens)) {
        pause()
        asked = now
      }
      // What has let us connect is in JavaScript, and will answer.
      const isSilent = !hasAnswered() && now - asked >= listens
      if (stack || isSilent || left <= 0) end()
      else setTimeout(look, LOOK)
    }
    look()
  }

  /**
   * Milliseconds that the main thread has had, asked for at every look. Who waits for a processor is
   * not blocked: on a busy machine everything is late, we too.
   */
  function stopwatch(): () => number {
    let spent = 0
    let before = { at: elapsed(), ran: ranFor() }
    return () => {
      const now = { at: elapsed(), ran: ranFor() }
      const passed = Math.min(now.at - before.at, LOOK + 1)
      const isRunnable = stateOfMain() === 'R' && now.ran > 0
      spent += isRunnable ? Math.min(passed, now.ran - before.ran) : passed
      before = now
      return spent
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
        // Somebody else holds it: a person looks at it with a debugger, and is not to lose it.
        if (!isAsked) isDebugged = true
        else if (params.callFrames.every(isOfNode) && steps++ < 3)
          session?.post('Debugger.stepInto')
        else stack = params.callFrames
        if (isOver) exitByItself()
      })
      session.post('Debugger.enable')
    } catch {
      // Not every runtime has an inspector.
    }
  }

  /** Whether it has let us connect: not every runtime that says so does. */
  function hasAnswered(): boolean {
    return scripts.size > 0
  }

  function pause(): void {
    if (isAsked) return
    connect()
    isAsked = true
    try {
      session?.post('Debugger.pause')
    } catch {
      // The process is ended without its stack.
    }
  }

  function disconnect(): void {
    try {
      session?.disconnect()
    } catch {
      // It never was connected.
    }
    session = undefined
    stack = undefined
    isAsked = false
    scripts.clear()
    steps = 0
  }

  function end(): void {
    isOver = true
    say()
    kill(pid)
    // As PID 1 of a container it is still there: the kernel keeps this signal from it. It can be had
    // to exit by itself, as soon as it is in JavaScript; the others, one of which it may wait for,
    // would die with it. Until it answers the thread has to live.
    if (pid === 1) {
      kill(-1)
      setInterval(() => {}, 1000)
    }
    exitByItself()
  }

  function kill(whom: number): void {
    try {
      process.kill(whom, 'SIGKILL')
    } catch {
      // Nobody is there.
    }
  }

  function exitByItself(): void {
    const [top] = stack ?? []
    if (!top) return
    const { callFrameId } = top
    session?.post('Debugger.evaluateOnCallFrame', { callFrameId, expression: data.exitAtOnce })
  }

  function say(): void {
    const frames = (stack ?? []).map((frame) => ({
      function: plain(frame.functionName || '(anonymous)'),
      file: plain(fileOf(frame)),
      line: frame.location.lineNumber + 1,
      column: (frame.location.columnNumber ?? 0) + 1,
    }))
    const what = isLeaving() ? 'the exit' : 'the event loop'
    const culprit = frames.find(({ file }) => !file.startsWith('node:')) ?? frames[0]
    const where = (frame: (typeof frames)[number]) =>
      `${frame.function} (${frame.file}:${frame.line}:${frame.column})`
    const hooks = namesOfRunning()
    const children = stack
      ? []
      : childrenOfMain().map(({ name, child }) => `${plain(name)} (pid ${child})`)
    const late = Math.round(elapsed() - deadline)
    const when = late > 150 ? `${late} ms after` : 'at'
    const msg = [
      `${what} is blocked ${culprit ? `by ${where(culprit)}` : outside()}: killed ${when} the deadline of ${data.limit}`,
      ...frames.slice(0, 10).map((frame) => `    at ${where(frame)}`),
      ...children.map((child) => `  its child: ${child}`),
      ...hooks.map((hook) => `  running: ${hook}`),
    ].join('\n')
    if (data.format === 'silent') return
    write(
      data.format === 'text'
        ? `lastcall: ${msg}\n`
        : `${JSON.stringify({ level: 'fatal', time: new Date().toISOString(), pid, name: 'lastcall', event: 'blocked', where: culprit ?? null, stack: frames, hooks, children, msg })}\n`,
    )
  }

  function write(text: string): void {
    // A reader that has stopped reading must not hold us.
    try {
      const { O_WRONLY, O_NONBLOCK } = constants
      const stderr = fstatSync(2)
      const mayHold = stderr.isFIFO() || stderr.isCharacterDevice()
      writeSync(mayHold ? openSync('/proc/self/fd/2', O_WRONLY | O_NONBLOCK) : 2, text)
    } catch {
      // Nobody reads it.
    }
  }

  function isOfNode(frame: Debugger.CallFrame): boolean {
    return fileOf(frame).startsWith('node:')
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

  function namesOfRunning(): string[] {
    const text = Buffer.from(data.running.slice(0, data.running.indexOf(0))).toString()
    return text === '' ? [] : text.split('\n').map(plain)
  }

  /** As a terminal may have it: names could move its cursor, or look like lines of their own. */
  function plain(text: string): string {
    return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (sign) => {
      return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
    })
  }

  /** Where it is that can't be asked: only JavaScript answers. */
  function outside(): string {
    if (has(signsOf.exiting)) return 'by a worker thread that does not end'
    if (hasAnswered()) return 'and does not say where'
    return 'SD'.includes(stateOfMain())
      ? 'by a synchronous call, such as execSync(), that waits for the system'
      : 'by native code'
  }

  /** The processes that it has started; by name only, for arguments may hold secrets. */
  function childrenOfMain(): { name: string; child: number }[] {
    const pids = ofMain('children').split(' ').filter(Boolean)
    return pids.map((child) => ({ name: read(`/proc/${child}/comm`).trim(), child: Number(child) }))
  }

  /** How long the main thread has run, in milliseconds; 0 where the system doesn't tell. */
  function ranFor(): number {
    return Number(ofMain('schedstat').split(' ')[0]) / 1e6
  }

  /** By proc(5); a letter that there is not where the system doesn't tell. The name, in brackets, may hold anything. */
  function stateOfMain(): string {
    const stat = ofMain('stat')
    return stat.charAt(stat.lastIndexOf(')') + 2) || '?'
  }

  /** What Linux tells of the main thread. */
  function ofMain(what: string): string {
    return read(`/proc/self/task/${pid}/${what}`)
  }

  function read(file: string): string {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return ''
    }
  }
}
