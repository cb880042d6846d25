import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from './client.ts'
import type { Blow, Dealt, ExitCode, Outcome, Scenario } from './scenario.ts'

const SERVICE = fileURLToPath(new URL('service.mjs', import.meta.url))
/** Connections for each server. */
const CONNECTIONS = 3
/** What the platform grants a service that names no grace: what docker stop does. */
const GRACE = 10_000
/** A process that takes longer than this to begin with anything is stuck. */
const LONGEST_START = 30_000

/** How long starts have taken so far, so that a signal can come at any moment of one. */
export class StartTimes {
  readonly #times: number[] = []

  add(milliseconds: number): void {
    this.#times.push(milliseconds)
  }

  get average(): number {
    const { length } = this.#times
    return length === 0 ? 150 : this.#times.reduce((sum, time) => sum + time, 0) / length
  }
}

/** Has one process go through what its scenario says, and resolves when it has ended. */
export async function runProcess(
  scenario: Scenario,
  folder: string,
  starts: StartTimes,
): Promise<Outcome> {
  const { parts = 1, by, ...options } = scenario.service
  const files = Array.from({ length: parts }, (_, part) =>
    join(folder, `${scenario.number}.${part}`),
  )
  const began = performance.now()
  const timeline: string[] = []
  const note = (text: string) => {
    timeline.push(`${(performance.now() - began).toFixed(1).padStart(8)}  ${text}`)
  }

  const child = spawn(process.execPath, [SERVICE, JSON.stringify({ ...options, by, files })], {
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  })
  const ended = once(child, 'close').then(() => true as const)
  const watchdog = new Watchdog(child, note)
  const client = new Client(String(scenario.number))
  const stdout = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const stderr = createInterface({ input: child.stderr as NodeJS.ReadableStream })
  const writing: Promise<void>[] = []
  const milestones = new EventEmitter()
  const reaches = {
    loading: once(milestones, 'loading'),
    loaded: once(milestones, 'loaded'),
    serving: once(milestones, 'serving'),
    exit: once(milestones, 'exit'),
  }

  stderr.on('line', (line) => {
    note(`  ${line}`)
    const [, word = ''] = line.match(/^@\S+ (\w+)/) ?? []
    if (word in reaches) milestones.emit(word)
  })
  stdout.on('line', (line) => {
    const [, port] = line.match(/^serving ?(\d*)$/) ?? []
    if (port === undefined) return
    note(`  ${line}`)
    starts.add(performance.now() - began)
    milestones.emit('serving')
    for (let n = 0; port && n < CONNECTIONS; n++) writing.push(client.overHttp(Number(port)))
  })
  if (by === 'pipe' && child.stdin) writing.push(client.overPipe(child.stdin, stdout))

  const dealt: Dealt[] = []
  for (const { what, after, wait } of scenario.blows) {
    const unit = after === 'spawn' ? starts.average : 1
    const moment = async () => {
      if (after !== 'spawn' && after !== 'blow') await reaches[after]
      await sleep(wait * unit)
    }
    if (await Promise.race([moment(), ended])) break
    const from = performance.now()
    const reached = deal(child, what)
    const until = performance.now()
    note(`${what}${reached ? '' : ': nobody is there any more'}`)
    if (!reached) break
    dealt.push({ what, from, until })
    watchdog.grants(options.grace ?? GRACE)
  }
  await ended
  watchdog.stop()
  client.stop()
  await Promise.all(writing)

  const code = (child.signalCode ?? child.exitCode) as ExitCode
  note(`left with ${code}`)
  const found = files.flatMap(linesOf)
  for (const file of files) rmSync(file, { force: true })
  return {
    scenario,
    code,
    sent: client.sent,
    acknowledged: client.acknowledged,
    found,
    timeline,
    dealt,
    took: performance.now() - (dealt[0]?.from ?? began),
    said: (text) => timeline.some((line) => line.includes(text)),
  }
}

/** False where the process has left. */
function deal(child: ChildProcess, what: Blow['what']): boolean {
  if (what !== 'throw' && what !== 'reject') return child.kill(what)
  if (!child.connected) return false
  child.send(what, () => {}) // It may leave before it has read it.
  return true
}

/** What the platform does when its patience is over. */
class Watchdog {
  readonly #kill: () => void
  #timer: NodeJS.Timeout
  #isGranting = false

  constructor(child: ChildProcess, note: (text: string) => void) {
    this.#kill = () => {
      note('SIGKILL, for the grace is over')
      child.kill('SIGKILL')
    }
    this.#timer = setTimeout(this.#kill, LONGEST_START)
  }

  /** The grace counts from the first blow. */
  grants(grace: number): void {
    if (this.#isGranting) return
    this.#isGranting = true
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#kill, grace)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

/** What stands in a file, without a line that was cut in two. */
function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1)
  } catch {
    return [] // It never came to write one.
  }
}
