import { fileURLToPath } from 'node:url'
import { Program } from '../../support/programs/program.ts'

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url))

export interface WrkTally {
  readonly requests: number
  /** Connections refused, reads and writes that failed, timeouts, and answers that are none of 2xx and 3xx. */
  readonly failures: Readonly<Record<'connect' | 'read' | 'write' | 'timeout' | 'status', number>>
  /** The longest that an answer took, in milliseconds. */
  readonly longest: number
}

/** `wrk`, which asks for one order on so many connections until it is told to stop. */
export class Wrk {
  readonly #program: Program

  constructor(url: string, connections: number) {
    // Its own patience ends after 2 s: an answer that is late is no failure, and counted as a pause.
    const flags = ['-t1', `-c${connections}`, '-d24h', '--timeout', '30s', '-s', SCRIPT]
    this.#program = new Program(['wrk', ...flags, `${url}/orders/of-wrk`])
  }

  kill(): void {
    this.#program.send('SIGKILL')
  }

  async stop(): Promise<WrkTally> {
    this.#program.send('SIGINT')
    const { stdout, stderr } = await this.#program.ended
    const line = stdout.split('\n').find((line) => line.startsWith('{'))
    if (!line) throw new Error(`wrk told nothing: ${stdout}${stderr}`)
    return JSON.parse(line)
  }
}
