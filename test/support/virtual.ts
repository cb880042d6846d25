import { EventEmitter } from 'node:events'
import type { Writable } from 'node:stream'
import type { Clock } from '../../src/clock.ts'
import type { Company } from '../../src/company.ts'
import { assemble } from '../../src/create-shutdown.ts'
import type { ProcessPort } from '../../src/process.ts'
import type { Shutdown, ShutdownOptions } from '../../src/shutdown.ts'

/** A clock that a test moves: nothing happens until it does. */
export class VirtualClock implements Clock {
  #now = 0
  #next = 1
  readonly #timers = new Map<number, { at: number; run: () => void }>()

  now(): number {
    return this.#now
  }

  date(): number {
    return 1_700_000_000_000 + this.#now
  }

  setTimeout(run: () => void, milliseconds: number): number {
    const timer = this.#next++
    this.#timers.set(timer, { at: this.#now + milliseconds, run })
    return timer
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number)
  }

  afterPoll(run: () => void): void {
    this.setTimeout(run, 0)
  }

  get pending(): number {
    return this.#timers.size
  }

  /** Moves time on, timer by timer; promises settle before and after each of them. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds
    for (;;) {
      await settle()
      const [first] = [...this.#timers].sort(([a, x], [b, y]) => x.at - y.at || a - b)
      if (!first || first[1].at > until) break
      this.#timers.delete(first[0])
      this.#now = Math.max(this.#now, first[1].at)
      first[1].run()
    }
    this.#now = until
    await settle()
  }

  /** A promise that resolves so much later. */
  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.setTimeout(resolve, milliseconds))
  }

  /** Time that passes while the loop is blocked: no timer fires. */
  block(milliseconds: number): void {
    this.#now += milliseconds
  }
}

/** A process that is none: it hears what a test sends and remembers how it was to exit. */
export class VirtualProcess implements ProcessPort {
  pid = 4242
  ppid = 1000
  platform = 'linux'
  env: Record<string, string | undefined> = {}
  interactive = false
  exitCode = 0
  company: Company = { members: new Set(), reason: undefined }
  files = new Set<string>()
  streams: Writable[] = []
  warnings = ''
  readonly exits: number[] = []
  readonly emitter = new EventEmitter()

  fileExists = (path: string): boolean => this.files.has(path)

  on(event: string, listener: (...args: never[]) => void): () => void {
    this.emitter.on(event, listener as () => void)
    return () => void this.emitter.off(event, listener as () => void)
  }

  expectListeners(): void {}

  warn = (text: string): void => {
    this.warnings += text
  }

  outputs(): Writable[] {
    return this.streams
  }

  exit(code: number): void {
    this.exits.push(code)
  }

  failWith(code: number): void {
    this.exitCode ||= code
  }

  send(signal: NodeJS.Signals): void {
    this.emitter.emit(signal, signal)
  }

  get listeners(): string[] {
    return this.emitter.eventNames().map(String)
  }
}

/** A shutdown in a world of its own. */
export function virtualShutdown(
  options: ShutdownOptions = {},
  world: { process?: VirtualProcess; clock?: VirtualClock } = {},
): { shutdown: Shutdown; process: VirtualProcess; clock: VirtualClock } {
  const { process = new VirtualProcess(), clock = new VirtualClock() } = world
  return { shutdown: assemble(options, { host: process, clock }), process, clock }
}

/** Lets every promise settle that can without time passing. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
