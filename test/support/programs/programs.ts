import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { ProcessState, ProgramOptions, StateChange, SuperviseOptions } from 'lastcall/workers'
import { onTestFinished } from 'vitest'
import type { Hook } from '../../../src/engine/hook.ts'
import type { Clock } from '../../../src/runtime/clock.ts'
import { sendSignal } from '../../../src/runtime/signals.ts'
import { Programs } from '../../../src/workers/supervise/supervise.ts'
import { runHook } from '../hooks/run-hook.ts'
import { VirtualProcess } from '../hooks/virtual.ts'
import { PollingClock } from '../service.ts'

/** What a test wants of a program besides what a shell runs. */
type Others = Partial<ProgramOptions>

/** A program of a few words of shell, called `web` unless it is told otherwise. */
export function sh(script: string, others: Others = {}): ProgramOptions {
  return { name: 'web', command: 'sh', args: ['-c', script], ...others }
}

/** Runs until a signal ends it. */
export function sleeper(others: Others = {}): ProgramOptions {
  return { name: 'web', command: 'sleep', args: ['1000'], ...others }
}

/** Says `ready`, and runs until one of these signals; then it does this. */
export function onSignal(signals: string, action: string, others: Others = {}): ProgramOptions {
  return sh(`trap 'kill -KILL $!; ${action}' ${signals}; sleep 1000 & echo ready; wait`, others)
}

/** Says `ready`, and is deaf to SIGTERM. */
export function deaf(others: Others = {}): ProgramOptions {
  return sh(`trap '' TERM; echo ready; exec sleep 1000`, others)
}

/** Programs with real processes, in a world where time stands still and nothing is inherited but PATH. */
export class Supervised<C extends Clock = PollingClock> {
  readonly process = new VirtualProcess()
  readonly programs: Programs
  readonly changes: StateChange[] = []
  readonly stdout: Sink
  readonly stderr: Sink
  readonly #waiting = new Set<() => void>()

  constructor(
    programs: readonly ProgramOptions[],
    options: SuperviseOptions = {},
    readonly clock: C = new PollingClock() as Clock as C,
  ) {
    this.process.env = { PATH: process.env.PATH }
    this.stdout = (options.stdout as Sink) ?? new Sink()
    this.stderr = (options.stderr as Sink) ?? new Sink()
    this.programs = new Programs(
      programs,
      { stdout: this.stdout, stderr: this.stderr, ...options },
      { clock, host: this.process },
    )
    this.programs.on('state', (change) => {
      this.changes.push(change)
      for (const look of [...this.#waiting]) look()
    })
    onTestFinished(() => {
      // Their groups: a program that was killed may have left children.
      const started = this.changes.filter(({ to }) => to === 'STARTING')
      for (const { pid } of started) if (pid) sendSignal(-pid, 'SIGKILL')
    })
  }

  start(): this {
    this.programs.start()
    return this
  }

  /** The states that one has been in, in order. */
  states(name = 'web'): ProcessState[] {
    return this.changes.filter((change) => change.name === name).map(({ to }) => to)
  }

  /** All changes, in order: `web RUNNING`. */
  get story(): string[] {
    return this.changes.map(({ name, to }) => `${name} ${to}`)
  }

  pid(name = 'web'): number {
    return this.programs.processes.find((one) => one.name === name)?.pid ?? Number.NaN
  }

  /** Waits until one comes into a state for the first, or the nth time. */
  reaches(to: ProcessState, { name = 'web', nth = 1 } = {}): Promise<StateChange> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.changes.filter((change) => change.name === name && change.to === to)
        const change = found[nth - 1]
        if (!change) return
        this.#waiting.delete(look)
        resolve(change)
      }
      this.#waiting.add(look)
      look()
    })
  }

  hook(name = 'web'): Hook {
    return [...this.programs].find((hook) => hook.name === name) as Hook
  }

  /** Stops one without a coordinator: the test comes to its limit when it wants. */
  stop(name = 'web', options: Parameters<typeof runHook>[1] = {}): ReturnType<typeof runHook> {
    const stopping = runHook(this.hook(name), { clock: this.clock, ...options })
    stopping.over.catch(() => {}) // A test looks at it when its time has come.
    return stopping
  }
}

/** Takes what programs write. A held one takes the first piece and is done with none. */
export class Sink extends Writable {
  readonly #chunks: Buffer[] = []
  readonly #waiting = new Set<() => void>()
  #held: (() => void) | undefined

  constructor(public isHeld = false) {
    super()
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk)
    for (const look of [...this.#waiting]) look()
    if (this.isHeld) this.#held = done
    else done()
  }

  release(): void {
    this.isHeld = false
    this.#held?.()
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.bytes.toString()
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1)
  }

  /** Waits until this has been written; resolves with it, or with what its brackets have found. */
  says(text: string | RegExp): Promise<string> {
    return new Promise((resolve) => {
      const look = () => {
        const whole = this.text
        const found = typeof text === 'string' ? whole.includes(text) && [text] : whole.match(text)
        if (!found) return
        this.#waiting.delete(look)
        resolve(found[1] ?? String(found[0]))
      }
      this.#waiting.add(look)
      look()
    })
  }
}

/** Whether there is such a process, and it has not ended: an orphan may never be waited for. */
export function isAlive(pid: number): boolean {
  const state = stateOf(pid)
  return state !== undefined && state !== 'Z' && state !== 'X'
}

/** The letter by which the kernel says what a process does: R runs, S sleeps, Z has ended. */
export function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
  } catch {
    return undefined
  }
}

/** A folder that is gone when the test is over. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'lastcall-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}
