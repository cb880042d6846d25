import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Program } from '../../support/programs/program.ts'
import { type Backend, type Balancer, configured, listensOn } from './balancer.ts'

/** HAProxy, which asks each instance for /readyz. */
export class HAProxy implements Balancer {
  readonly name = 'HAProxy'
  readonly checks: string
  readonly url: string
  readonly #directory = mkdtempSync(join(tmpdir(), 'haproxy-'))
  readonly #socket = join(this.#directory, 'stats.sock')
  readonly #port: number
  readonly #program: Program

  /** It checks every so many milliseconds. */
  constructor(port: number, backends: readonly Backend[], interval: number) {
    this.checks = `GET /readyz every ${interval} ms`
    this.url = `http://127.0.0.1:${port}`
    this.#port = port
    const [global, file] = ['global.cfg', 'haproxy.cfg'].map((name) => join(this.#directory, name))
    writeFileSync(String(global), `global\n  stats socket ${this.#socket}\n`)
    const text = configured('haproxy.cfg', port, backends)
    if (!text.includes('inter 200ms')) throw new Error('haproxy.cfg says another `inter`')
    writeFileSync(String(file), text.replace('inter 200ms', `inter ${interval}ms`))
    this.#program = new Program(['haproxy', '-db', '-f', String(global), '-f', String(file)])
  }

  started(): Promise<void> {
    return listensOn(this.#port, this.#program.ended)
  }

  async takes(backend: string): Promise<void> {
    while (!(await this.#statusOf(backend)).startsWith('UP')) await sleep(20)
  }

  async drops(backend: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.#statusOf(backend)).startsWith('UP')) await sleep(5)
  }

  async retries(): Promise<number> {
    const whole = (await this.#rows()).find(({ svname }) => svname === 'BACKEND')
    return Number(whole?.wretr) + Number(whole?.wredis)
  }

  complaints(): string[] {
    return []
  }

  async stop(): Promise<void> {
    this.#program.send('SIGTERM')
    await this.#program.ended
    rmSync(this.#directory, { recursive: true, force: true })
  }

  /** UP, or DOWN, with how often it has said otherwise in a row: `UP 2/3`. */
  async #statusOf(backend: string): Promise<string> {
    return (await this.#rows()).find(({ svname }) => svname === backend)?.status ?? 'unknown'
  }

  /** What it knows of its servers: https://docs.haproxy.org/2.6/management.html#9.1 */
  async #rows(): Promise<Record<string, string>[]> {
    const socket = connect(this.#socket)
    socket.end('show stat\n')
    const [head = '', ...lines] = (await text(socket)).trim().split('\n')
    const names = head.replace('# ', '').split(',')
    return lines.map((line) => {
      const cells = line.split(',')
      return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? '']))
    })
  }
}
