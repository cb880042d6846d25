import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const CLIENTS = 20
/** As often as a prober is told 503 before it is taken to believe it. */
const PROBES = 3

/** Each with the hooks of its own that come after those of `httpServer()`, in their order. */
const EXAMPLES: [file: string, own: { hooks: string[]; hasCache?: true }][] = [
  ['01-express.ts', { hooks: ['events', 'postgres'] }],
  ['02-fastify.ts', { hooks: ['fastify', 'events', 'postgres'], hasCache: true }],
  ['03-koa.ts', { hooks: ['events', 'postgres'] }],
  ['04-hono.ts', { hooks: ['events', 'postgres'] }],
  ['05-nestjs.ts', { hooks: ['events', 'nest'], hasCache: true }],
]

describe.each(EXAMPLES)('examples/%s', (file, own) => {
  let example: Example
  let ending: Ending

  beforeAll(async () => {
    example = await start(file)
    ending = await stopUnderLoad(example)
  })
  afterAll(() => example?.child.kill('SIGKILL'))

  test('is alive and ready before the signal, whether asked with GET or with HEAD', () => {
    expect(ending.before).toEqual({ livez: 200, readyz: 200, head: 200 })
  })

  test('is alive and not ready while it drains, whether asked with GET or with HEAD', () => {
    expect(ending.during).toEqual({ livez: 200, readyz: Array(PROBES).fill(503) })
  })

  test('answers every request, those included that are in flight at the signal or come after it', () => {
    expect(ending.failures).toEqual([])
    expect(ending.inFlight).toBe(CLIENTS)
    // Of each client the one that was in flight, and at least one more, which told it to close.
    expect(ending.answersAfter).toBeGreaterThanOrEqual(2 * CLIENTS)
  })

  test('exits with code 0, without a word of an error', () => {
    expect(ending).toMatchObject({ code: 0, killedBy: null })
    expect(ending.stderr).toContain('SIGTERM → exit code 0 (clean)')
    expect(ending.stderr).not.toMatch(/error/i)
  })

  test('delivers an event for each request that was answered', () => {
    expect(ending.stderr).toContain(`events: ${ending.answers} events delivered\n`)
  })

  test('closes the pool last, after as many queries as there were requests', () => {
    expect(ending.stdout.at(-1)).toBe(`pool closed after ${ending.answers} queries`)
  })

  test('runs its hooks in the order that it promises', () => {
    expect(hooks(ending)).toEqual(['http:announce', 'http:unbind', 'http', ...own.hooks])
  })

  if (own.hasCache) {
    test("runs the framework's own hooks once, when no request needs what they let go of", () => {
      const lines = ending.stdout.filter((line) => line.startsWith('cache'))
      expect(lines).toEqual(['cache disconnected with 0 commands running'])
    })
  }
})

describe('examples/06-worker.ts', () => {
  test('finishes or puts back every job that it has taken, and exits with code 0', async () => {
    const { child, lines, stdout, stderr } = run('06-worker.ts')
    await once(lines, 'line')
    child.kill('SIGTERM')
    const [code] = await once(child, 'close')
    expect({ code, stdout, stderr: await stderr }).toEqual({
      code: 0,
      stdout: ['working', expect.stringMatching(/^(\d+) taken, \1 done, 0 put back$/)],
      stderr: expect.stringContaining('SIGTERM → exit code 0 (clean)'),
    })
  })
})

interface Example {
  readonly child: ChildProcess
  readonly url: string
  /** Every line of stdout; complete once the process has ended. */
  readonly stdout: string[]
  readonly stderr: Promise<string>
}

interface Ending {
  readonly before: { livez: number; readyz: number; head: number }
  readonly during: { livez: number; readyz: number[] }
  /** Answers with status 200. */
  readonly answers: number
  readonly answersAfter: number
  readonly inFlight: number
  readonly failures: readonly string[]
  readonly code: number | null
  readonly killedBy: NodeJS.Signals | null
  readonly stdout: readonly string[]
  readonly stderr: string
}

/** Runs an example, and reads what it says. */
function run(file: string) {
  const path = fileURLToPath(new URL(`../../examples/${file}`, import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', path], {
    env: { ...process.env, PORT: '0', NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stdout: string[] = []
  const stderr = text(child.stderr)
  const lines = createInterface({ input: child.stdout }).on('line', (line) => stdout.push(line))
  return { child, lines, stdout, stderr }
}

async function start(file: string): Promise<Example> {
  const { child, lines, stdout, stderr } = run(file)
  const ended = once(child, 'close').then(async () => {
    throw new Error(`${file} ended before it listened:\n${await stderr}`)
  })
  // It ends some time in any case, and only before it listens is that a failure.
  ended.catch(() => {})
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as string[]
  expect(line).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+$/)
  return { child, url: line?.slice('listening on '.length) ?? '', stdout, stderr }
}

/** Waits for answers and ends only: the clients stop when they are told, the prober when it believes. */
async function stopUnderLoad({ child, url, stdout, stderr }: Example): Promise<Ending> {
  // Who asks once may be anybody; who asks again is a prober, and has to be told.
  await probe(`${url}/readyz`)
  const before = {
    livez: await probe(`${url}/livez`),
    readyz: await probe(`${url}/readyz`),
    head: await probe(`${url}/readyz`, 'HEAD'),
  }
  const clients = Array.from({ length: CLIENTS }, (_, n) => new Client(`${url}/orders/${n}`))
  await Promise.all(clients.map((client) => client.nextAnswer()))

  const inFlight = clients.filter((client) => client.isWaiting).length
  const answersBefore = sum(clients)
  const closed = once(child, 'close')
  child.kill('SIGTERM')

  const readyz: number[] = []
  // A first probe may overtake the signal.
  while (readyz.length === 0) {
    const status = await probe(`${url}/readyz`)
    if (status !== 200) readyz.push(status)
  }
  const livez = await probe(`${url}/livez`)
  // It goes on accepting, and tells nobody to close, until the prober has been told often enough.
  await Promise.all(clients.map((client) => client.nextAnswer()))
  while (readyz.length < PROBES) readyz.push(await probe(`${url}/readyz`, 'HEAD'))

  await Promise.all(clients.map((client) => client.over))
  const [code, killedBy] = (await closed) as [number | null, NodeJS.Signals | null]
  const answers = sum(clients)
  return {
    before,
    during: { livez, readyz },
    answers,
    answersAfter: answers - answersBefore,
    inFlight,
    failures: clients.flatMap((client) => client.failures),
    code,
    killedBy,
    stdout,
    stderr: await stderr,
  }
}

/** Sends one request after another on one connection, until an answer says that it is the last. */
class Client extends EventEmitter<{ answer: [] }> {
  answers = 0
  isWaiting = false
  readonly failures: string[] = []
  readonly over: Promise<void>

  constructor(readonly url: string) {
    super()
    this.over = this.#run()
  }

  /** Resolves with the next answer, or when there will be none. */
  async nextAnswer(): Promise<void> {
    await Promise.race([once(this, 'answer'), this.over])
  }

  async #run(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      for (let told = false; !told; ) {
        this.isWaiting = true
        const { status, connection } = await request(this.url, agent)
        this.isWaiting = false
        if (status === 200) this.answers++
        else this.failures.push(`status ${status}`)
        told = connection === 'close'
        this.emit('answer')
      }
    } catch (error) {
      this.failures.push(String(error))
    } finally {
      agent.destroy()
    }
  }
}

async function probe(url: string, method = 'GET'): Promise<number> {
  const { status } = await request(url, false, method)
  return status
}

function request(
  url: string,
  agent: Agent | false,
  method = 'GET',
): Promise<{ status: number; connection: string | undefined }> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, { agent, method }, (response) => {
      response.on('error', reject)
      response.resume()
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, connection: response.headers.connection })
      })
    })
    asked.on('error', reject).end()
  })
}

function sum(clients: readonly Client[]): number {
  return clients.reduce((total, client) => total + client.answers, 0)
}

/** The names of the hooks that were done, in the order of the timeline. */
function hooks({ stderr }: Ending): string[] | undefined {
  return [...stderr.matchAll(/^ {2}(?:\w+)? +(\S+) .*[█▏].*\d ms$/gm)].map(([, name]) => name ?? '')
}
