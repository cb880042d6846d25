import type { Writable } from 'node:stream'
import { EventEmitter } from 'eventemitter3'
import type { OwnSignals, ProcessPort } from '../runtime/process.ts'
import { newSharedHooks, type SharedHooks } from '../runtime/shared-hooks.ts'
import { newSharedShutdowns, type SharedShutdowns } from '../runtime/shared-shutdowns.ts'

/** A simulated process: it receives what a test sends, and records its output and its exits. */
export class TestProcess implements ProcessPort {
  readonly pid: number = 4242
  readonly ppid: number = 1000
  readonly platform: string = 'linux'
  readonly sharedShutdowns: SharedShutdowns = newSharedShutdowns()
  readonly sharedHooks: SharedHooks = newSharedHooks()
  readonly isExiting: boolean = false
  readonly isTestRun: boolean = true
  // The log is text, which is easier to read in a test than JSON.
  readonly hasTerminalAsStderr: boolean = true
  exitCode = 0
  output = ''
  /** The codes of all exits in their order: a real process would have ended with the first. */
  readonly exits: number[] = []
  readonly #events = new EventEmitter()

  constructor(
    public env: Record<string, string | undefined> = {},
    public interactive = false,
  ) {}

  fileExists = (_path: string): boolean => false

  on(event: string, listener: (...args: never[]) => void): () => void {
    this.#events.on(event, listener as () => void)
    return () => void this.#events.off(event, listener as () => void)
  }

  onFirst(event: string, listener: (...args: never[]) => void): () => void {
    return this.on(event, listener)
  }

  otherListeners(_event: string): readonly unknown[] {
    return []
  }

  callOthersAfterHooks(): () => void {
    return () => {}
  }

  noteOwnSignals(): OwnSignals {
    return { isOwn: () => false, stop() {} }
  }

  warn = (text: string): void => {
    this.output += text
  }

  outputs(): Writable[] {
    return []
  }

  activeResources = (): Record<string, number> => ({})

  sharedTime(): bigint {
    return 0n
  }

  // The watchdog's thread would watch the loop of the test runner.
  startThread(): undefined {}

  startShell(): void {}

  // No code of others runs in the exits of a test.
  onLastMoment(): () => void {
    return () => {}
  }

  /** Called when the process has exited. */
  onExit = (): void => {}

  exit(code: number): void {
    this.exits.push(code)
    this.onExit()
  }

  /** Makes an event happen; false where nothing listens. */
  emit(event: string, ...args: unknown[]): boolean {
    return this.#events.emit(event, ...args)
  }

  /** The events that have a listener. */
  get listeners(): string[] {
    return this.#events.eventNames().map(String)
  }
}
