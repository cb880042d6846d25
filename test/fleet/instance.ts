import { Program } from '../support/programs/program.ts'

/** One run of an instance, from its start to its exit. All times are those of `performance.now()`. */
export interface Life {
  readonly startedAt: number
  listensAt: number
  signalledAt: number
  /** The same by the clock on the wall, which its log has. */
  signalledDate: number
  endedAt: number
  code: number | null
  killedBy: NodeJS.Signals | null
  /** What it wrote to stderr. */
  log: string
}

/** A place in the fleet, taken by one process after another. */
export class Instance {
  readonly name: string
  readonly port: number
  readonly lives: Life[] = []
  readonly #env: NodeJS.ProcessEnv
  readonly #grace: number
  #program: Program | undefined

  /** It is granted so many milliseconds to end. */
  constructor(name: string, port: number, grace: number, env: NodeJS.ProcessEnv) {
    this.name = name
    this.#grace = grace
    this.port = port
    this.#env = { ...process.env, ...env, INSTANCE: name, PORT: String(port), GRACE: `${grace}ms` }
  }

  /** Resolves when it listens. */
  async start(file: string): Promise<void> {
    const life: Life = {
      startedAt: performance.now(),
      listensAt: Number.NaN,
      signalledAt: Number.NaN,
      signalledDate: Number.NaN,
      endedAt: Number.NaN,
      code: null,
      killedBy: null,
      log: '',
    }
    const program = new Program([process.execPath, '--import', 'tsx', file], { env: this.#env })
    this.#program = program
    program.child.once('exit', (code, signal) => {
      Object.assign(life, { endedAt: performance.now(), code, killedBy: signal })
    })
    await program.says('listening on')
    life.listensAt = performance.now()
    this.lives.push(life)
  }

  /** Stops it as `docker stop` does: SIGTERM, and SIGKILL when the grace is over. */
  async stop(): Promise<Life> {
    const { life } = this
    life.signalledAt = performance.now()
    life.signalledDate = Date.now()
    this.#program?.send('SIGTERM')
    const killer = setTimeout(() => this.#program?.send('SIGKILL'), this.#grace)
    await this.#program?.ended
    clearTimeout(killer)
    life.log = this.#program?.stderr ?? ''
    return life
  }

  /** Resolves when this stands in its log. */
  async reports(what: string | RegExp): Promise<void> {
    await this.#program?.reports(what)
  }

  /** The one that runs. */
  get life(): Life {
    const life = this.lives.at(-1)
    if (!life) throw new Error(`${this.name} has not been started`)
    return life
  }

  kill(): void {
    this.#program?.send('SIGKILL')
  }
}
