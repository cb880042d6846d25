import type { Writable } from 'node:stream'
import { EventEmitter } from 'eventemitter3'
import type { ProcessPort } from '../runtime/process.ts'
import { newSharedShutdowns, type SharedShutdowns } from '../runtime/shared-shutdowns.ts'

/** A process that is none: it hears what a test sends, and remembers what was said and how it was to exit. */
export class TestProcess implements ProcessPort {
  readonly pid: number = 4242
  readonly ppid: number = 1000
  readonly platform: string = 'linux'
  readonly sharedShutdowns: SharedShutdowns = newSharedShutdowns()
  env: Record<string, string | undefined> = {}
  interactive = false
  readonly isExiting: boolean = false
  // Whatever runs the test: its log is for people.
  readonly hasTerminalAsStderr: boolean = true
  exitCode = 0
  output = ''
  /** The codes that it was to exit with, the first first. */
  readonly exits: number[] = []
  readonly #events = new EventEmitter()

  fileExists = (_path: string): boolean => false

  on(event: string, listener: (...args: never[]) => void): () => void {
    this.#events.on(event, listener as () => void)
    return () => void this.#events.off(event, listener as () => void)
  }

  expectListeners(): void {}

  warn = (text: string): void => {
    this.output += text
  }

  outputs(): Writable[] {
    return []
  }

  activeResources(): Record<string, number> {
    return {}
  }

  sharedTime(): bigint {
    return 0n
  }

  // Its loop is the test's own.
  startThread(): undefined {}

  startShell(): void {}

  exit(code: number): void {
    this.exits.push(code)
  }

  failWith(code: number): void {
    this.exitCode ||= code
  }

  /** Has something happen to it; false where nobody listens. */
  emit(event: string, ...args: unknown[]): boolean {
    return this.#events.emit(event, ...args)
  }

  /** What somebody listens to. */
  get listeners(): string[] {
    return this.#events.eventNames().map(String)
  }
}
