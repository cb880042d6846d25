import type { Client } from './client.ts'

/** How a container ended. */
export interface Ended {
  readonly code: number
  /** Milliseconds from the command that ended it, or from the wait for its end. */
  readonly elapsed: number
  /** What all of its runs have written. */
  readonly stdout: string
  readonly stderr: string
  readonly oomKilled: boolean
  /** How often it was started again. */
  readonly restarts: number
}

/** A container that `docker run` has started. */
export class Container {
  constructor(
    readonly client: Client,
    readonly id: string,
  ) {}

  /** Resolves when it has written this to stdout; rejects if it ends without. */
  async says(text: string): Promise<this> {
    while (!(await this.#says(text))) {
      if ((await this.#inspect()).State.Running) continue
      const ended = await this.ended()
      if (ended.stdout.includes(text)) break
      throw new Error(`The container ended without '${text}': ${JSON.stringify(ended)}`)
    }
    return this
  }

  /** `docker stop`, with so many seconds until SIGKILL: 10 where none are given. */
  async stop({ time }: { time?: number } = {}): Promise<Ended> {
    const began = performance.now()
    await this.client.run('stop', ...(time === undefined ? [] : ['-t', String(time)]), this.id)
    return this.#end(began)
  }

  /** `docker kill`, with SIGKILL where no signal is given, and the wait for its end. */
  async kill(signal?: NodeJS.Signals | 'INT' | 'TERM'): Promise<Ended> {
    const began = performance.now()
    await this.client.run('kill', ...(signal === undefined ? [] : ['-s', signal]), this.id)
    return this.#end(began)
  }

  /** Waits until it has ended and isn't started again. */
  async ended(): Promise<Ended> {
    return this.#end(performance.now())
  }

  /** `docker exec`: what the command has written to stdout. */
  async exec(...command: string[]): Promise<string> {
    return this.client.run('exec', this.id, ...command)
  }

  async remove(): Promise<void> {
    await this.client.run('rm', '--force', this.id)
  }

  async #end(began: number): Promise<Ended> {
    let container = await this.#inspect()
    // A container that is about to be started again counts as running, but `wait` is over.
    while (container.State.Running) {
      await this.client.run('wait', this.id)
      container = await this.#inspect()
    }
    const elapsed = performance.now() - began
    const { State, RestartCount } = container
    const { stdout, stderr } = await this.client.output('logs', this.id)
    const { ExitCode: code, OOMKilled: oomKilled } = State
    return { code, elapsed, stdout, stderr, oomKilled, restarts: RestartCount }
  }

  async #inspect(): Promise<Inspected> {
    return JSON.parse(await this.client.run('inspect', '--format', '{{json .}}', this.id))
  }

  /** Follows the logs to the end of a run; after that it may be started again. */
  async #says(text: string): Promise<boolean> {
    const logs = this.client.spawn('logs', '--follow', this.id)
    try {
      let written = ''
      for await (const chunk of logs.stdout.setEncoding('utf8')) {
        written += chunk
        if (written.includes(text)) return true
      }
      return false
    } finally {
      logs.kill()
    }
  }
}

interface Inspected {
  readonly State: {
    readonly Running: boolean
    readonly ExitCode: number
    readonly OOMKilled: boolean
  }
  readonly RestartCount: number
}
