import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Program } from '../../support/programs/program.ts'
import { type Backend, type Balancer, configured, listensOn } from './balancer.ts'

/** nginx, which asks nobody: it learns from requests that fail. */
export class Nginx implements Balancer {
  readonly name = 'nginx'
  readonly checks = 'none; a failed request'
  readonly url: string
  readonly #directory = mkdtempSync(join(tmpdir(), 'nginx-'))
  readonly #log = join(this.#directory, 'tries.log')
  readonly #errors = join(this.#directory, 'error.log')
  readonly #port: number
  readonly #program: Program

  constructor(port: number, backends: readonly Backend[]) {
    this.url = `http://127.0.0.1:${port}`
    this.#port = port
    // Its workers are nobody's.
    chmodSync(this.#directory, 0o777)
    const file = join(this.#directory, 'nginx.conf')
    const text = configured('nginx.conf', port, backends)
    writeFileSync(file, text.replace('http {', `http {${inHttp(this.#directory, this.#log)}`))
    const directives = `daemon off; pid ${this.#directory}/pid; error_log ${this.#errors};`
    this.#program = new Program(['nginx', '-p', this.#directory, '-c', file, '-g', directives])
  }

  started(): Promise<void> {
    return listensOn(this.#port, this.#program.ended)
  }

  /** It asks an instance that failed again when its `fail_timeout` is over; until then it has others. */
  takes(): Promise<void> {
    return Promise.resolve()
  }

  async drops(_backend: string, signal: AbortSignal): Promise<void> {
    await once(signal, 'abort')
  }

  async retries(): Promise<number> {
    return readFileSync(this.#log, 'utf8').split('\n').filter(Boolean).length
  }

  complaints(): string[] {
    const lines = readFileSync(this.#errors, 'utf8').split('\n')
    return lines.filter((line) => line.includes('[error]') && !line.includes('connect() failed'))
  }

  async stop(): Promise<void> {
    this.#program.send('SIGTERM')
    await this.#program.ended
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** What else it needs to run without Debian's own directories, and to count what it tries again. */
const inHttp = (directory: string, log: string) => `
  # One line for each request that took more than one instance.
  log_format tries '$upstream_addr $upstream_status';
  map $upstream_addr $isRetried {
    ~, 1;
    default 0;
  }
  access_log ${log} tries if=$isRetried;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((name) => `  ${name}_temp_path ${directory}/${name};`)
  .join('\n')}
`
