import { EventEmitter, once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What `PUT /v1/agent/service/register` takes, as far as anything here is said with it. */
export interface ServiceDefinition {
  readonly ID?: string
  readonly Name: string
  readonly Address?: string
  readonly Port?: number
  readonly Check?: {
    readonly HTTP: string
    readonly Interval: string
    readonly Timeout?: string
    readonly DeregisterCriticalServiceAfter?: string
  }
}

interface Events {
  /** What it tells of a service is another thing now. */
  change: []
  /** It is asked to register a service, or to deregister one. */
  register: []
  deregister: []
  /** Somebody whom it doesn't answer waits no longer. */
  abandoned: []
}

/** How it answers the agent's endpoints: as Consul does, with an error of its own, or not at all. */
type Mood = 'well' | 'failing' | 'silent'

/**
 * Stands in for a Consul agent: the endpoints below, with the methods, bodies, status codes and
 * messages that the documentation and the source of Consul 1.x have for them, and nothing else. Unlike
 * Consul, whose catalog follows its agents a little later, it knows no delay, and its first check of a
 * service comes at once and not at a random moment of its interval.
 */
export class ConsulStandIn extends EventEmitter<Events> {
  mood: Mood = 'well'
  /** A request without this token is refused, where there is one. */
  token: string | undefined
  /** Requests of `register` are answered when this has settled. */
  held: Promise<unknown> = Promise.resolve()
  readonly definitions = new Map<string, ServiceDefinition>()
  readonly #passing = new Set<string>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  #index = 1
  #port = 0

  async start(): Promise<this> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
    return this
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** As when the agent is gone. It can be started again, and knows what it knew. */
  async stop(): Promise<void> {
    for (const timer of this.#timers.values()) clearInterval(timer)
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  /** Checks all services, before their intervals have passed. */
  async check(): Promise<void> {
    await Promise.all([...this.definitions.keys()].map((id) => this.#check(id)))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://consul')
    const reply = (status: number, body = '', headers: OutgoingHttpHeaders = {}) => {
      if (!response.destroyed) response.writeHead(status, headers).end(body)
    }
    const endpoint = ENDPOINTS.find(({ path }) => path.test(pathname))
    if (!endpoint) return reply(404, 'Invalid URL path: not a recognized HTTP API endpoint')
    if (request.method !== endpoint.method) {
      return reply(405, `method ${request.method} not allowed`, { Allow: endpoint.method })
    }
    if (this.token !== undefined && request.headers['x-consul-token'] !== this.token) {
      return reply(403, 'Permission denied: token lacks permission')
    }
    const of = decodeURIComponent(endpoint.path.exec(pathname)?.[1] ?? '')
    if (endpoint.name === 'health') return this.#tell(of, searchParams, reply)

    const body = await text(request)
    if (endpoint.name === 'deregister') this.emit('deregister')
    if (this.mood === 'silent') {
      response.on('close', () => this.emit('abandoned'))
      return
    }
    if (this.mood === 'failing') return reply(500, 'rpc error: No cluster leader')
    if (endpoint.name === 'register') {
      this.emit('register')
      await this.held
      return reply(...this.#register(body))
    }
    if (!this.definitions.has(of)) {
      return reply(
        404,
        `Unknown service ID "${of}". Ensure that the service ID is passed, not the service name.`,
      )
    }
    this.remove(of)
    reply(200)
  }

  #register(body: string): [status: number, text?: string] {
    let definition: ServiceDefinition
    try {
      definition = JSON.parse(body)
    } catch (error) {
      return [400, `Request decode failed: ${(error as Error).message}`]
    }
    const problem = problemOf(definition)
    if (problem) return [400, problem]
    const { ID: id = definition.Name, Check: check } = definition
    this.remove(id)
    this.definitions.set(id, definition)
    if (check) {
      this.#timers.set(
        id,
        setInterval(() => void this.#check(id), milliseconds(check.Interval)),
      )
      void this.#check(id)
    } else this.#passing.add(id)
    this.#changed()
    return [200]
  }

  /** Forgets a service, by whomever it is deregistered. */
  remove(id: string): void {
    clearInterval(this.#timers.get(id))
    this.#timers.delete(id)
    this.#passing.delete(id)
    if (this.definitions.delete(id)) this.#changed()
  }

  /** Any 2xx is passing; `critical` is what it is until then, and where nobody answers. */
  async #check(id: string): Promise<void> {
    const check = this.definitions.get(id)?.Check
    if (!check) return
    const signal = AbortSignal.timeout(milliseconds(check.Timeout ?? '10s'))
    const isPassing = await fetch(check.HTTP, { signal, headers: { connection: 'close' } }).then(
      (response) => response.body?.cancel().then(() => response.ok),
      () => false,
    )
    if (!this.definitions.has(id) || isPassing === this.#passing.has(id)) return
    if (isPassing) this.#passing.add(id)
    else this.#passing.delete(id)
    this.#changed()
  }

  /** With an `index` it is a blocking query: it is answered when something has changed since. */
  async #tell(name: string, query: URLSearchParams, reply: Reply): Promise<void> {
    while (this.#index <= Number(query.get('index') ?? 0)) await once(this, 'change')
    const found = [...this.definitions].filter(
      ([id, { Name }]) => Name === name && (!query.has('passing') || this.#passing.has(id)),
    )
    const body = found.map(([id, { Name, Address = '', Port = 0, Check }]) => ({
      Node: { Node: 'stand-in', Address: '127.0.0.1', Datacenter: 'dc1' },
      Service: { ID: id, Service: Name, Address, Port },
      Checks: Check
        ? [
            {
              CheckID: `service:${id}`,
              Status: this.#passing.has(id) ? 'passing' : 'critical',
              ServiceID: id,
              ServiceName: Name,
            },
          ]
        : [],
    }))
    const headers = { 'Content-Type': 'application/json', 'X-Consul-Index': this.#index }
    reply(200, JSON.stringify(body), headers)
  }

  #changed(): void {
    this.#index++
    this.emit('change')
  }
}

type Reply = (status: number, body?: string, headers?: OutgoingHttpHeaders) => void

const ENDPOINTS = [
  { name: 'register', method: 'PUT', path: /^\/v1\/agent\/service\/register$/ },
  { name: 'deregister', method: 'PUT', path: /^\/v1\/agent\/service\/deregister\/([^/]+)$/ },
  { name: 'health', method: 'GET', path: /^\/v1\/health\/service\/([^/]+)$/ },
] as const

const FIELDS = ['ID', 'Name', 'Address', 'Port', 'Check']
const CHECK_FIELDS = ['HTTP', 'Interval', 'Timeout', 'DeregisterCriticalServiceAfter']

/** What Consul would refuse, and what it has fields for that nobody here knows. */
function problemOf(definition: ServiceDefinition): string | undefined {
  const { Name, Address, Port = 0, Check } = definition
  const unknown = [
    ...Object.keys(definition).filter((key) => !FIELDS.includes(key)),
    ...Object.keys(Check ?? {}).filter((key) => !CHECK_FIELDS.includes(key)),
  ]
  if (unknown.length > 0) return `Request decode failed: json: unknown field "${unknown[0]}"`
  if (!Name) return 'Missing service name'
  if (Address === '0.0.0.0' || Address === '::') return 'Invalid service address'
  if (!Number.isInteger(Port)) return 'Request decode failed: Port is no number'
  if (!Check) return undefined
  const times = [Check.Interval, Check.Timeout, Check.DeregisterCriticalServiceAfter]
  if (times.some((time) => time !== undefined && !DURATION.test(time))) {
    return 'Request decode failed: time: invalid duration'
  }
  if (!URL.canParse(Check.HTTP)) return 'Invalid check: HTTP is no URL'
  return Check.Interval ? undefined : 'Invalid check: Interval must be > 0 for HTTP checks'
}

const DURATION = /^(\d+)(ms|s|m|h)$/
const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

function milliseconds(duration: string): number {
  const [, amount, unit = ''] = DURATION.exec(duration) ?? []
  return Number(amount) * (UNITS[unit] ?? Number.NaN)
}
