import { Agent, request } from 'node:http'
import type { Interface } from 'node:readline'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long a client pauses after each answer, in milliseconds at most: the processes share two cores. */
const PAUSE = 5

/** Sends writes for as long as somebody takes them, and keeps account of those that were acknowledged. */
export class Client {
  readonly sent = new Set<string>()
  readonly acknowledged = new Set<string>()
  readonly #name: string
  #isOver = false

  constructor(name: string) {
    this.#name = name
  }

  stop(): void {
    this.#isOver = true
  }

  /** One write after the other on a connection that is kept; a new one where the old was closed. */
  async overHttp(port: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!this.#isOver) {
      const write = this.#next()
      const answer = await post(port, write, agent)
      if (answer === 'acknowledged') this.acknowledged.add(write)
      if (answer === 'ECONNREFUSED') break
      await sleep(Math.random() * PAUSE)
    }
    agent.destroy()
  }

  /** Lines to its stdin, also before it reads; those that it acknowledges come back by its stdout. */
  async overPipe(stdin: Writable, stdout: Interface): Promise<void> {
    stdin.on('error', () => this.stop()) // It has left.
    stdout.on('line', (line) => {
      const [, write] = line.match(/^acknowledged (.*)$/) ?? []
      if (write) this.acknowledged.add(write)
    })
    while (!this.#isOver) {
      stdin.write(`${this.#next()}\n`)
      await sleep(Math.random() * PAUSE)
    }
  }

  #next(): string {
    const write = `${this.#name}.${this.sent.size + 1}`
    this.sent.add(write)
    return write
  }
}

/** Resolves with the whole answer of a 200, or with what went wrong. */
function post(port: number, body: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ port, host: '127.0.0.1', method: 'POST', agent }, (response) => {
      let answer = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        answer += chunk
      })
      response.on('end', () => resolve(response.statusCode === 200 ? answer : 'refused'))
      response.on('error', (error) => resolve(String(error)))
    })
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    asked.end(body)
  })
}
