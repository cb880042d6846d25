// Copy this file. It registers an instance in etcd, and removes it at the start of the shutdown.
// npm install etcd3 cockatiel
import { addAbortListener } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { noop } from 'cockatiel'
import { Etcd3, type IOptions, isRecoverableError, type Lease } from 'etcd3'
import type { Hook, HookContext } from 'lastcall'

/** The options of etcd3 to connect (`hosts`, `auth`, `credentials`), and the key of the instance. */
export interface EtcdRegistrationOptions extends IOptions {
  /** The key is `{prefix}/{id}`. */
  readonly prefix: string
  /** Unique to this instance. The instance that replaces it needs another id. */
  readonly id: string
  /** Seconds after which etcd removes an instance that does not renew its lease, 1 or more. Default 10. */
  readonly ttl?: number
  /** The limit for the deregistration, in milliseconds. Default 2000. */
  readonly timeout?: number
  /** Called when etcd cannot be reached, and when it is reachable again. Default: stderr. */
  readonly log?: (line: string) => void
}

/** Pass it to `shutdown.add()`, like a hook. */
export interface EtcdRegistration extends Iterable<Hook> {
  /**
   * Publishes this URL under the key. Call it when the server listens. Tries until it succeeds, and
   * again each time the lease is lost, until the shutdown begins. Resolves with `true` after the first
   * registration, or with `false` if the shutdown begins first. Never rejects.
   */
  register(url: string): Promise<boolean>
}

/**
 * Registers an instance under a lease, which etcd3 renews three times in a `ttl`. In the phase
 * `deregister`, the hook `etcd` revokes the lease. If it cannot, the hook fails, and the lease runs out
 * one `ttl` after it was last renewed. In the phase `close`, the hook `etcd:close` closes the client.
 *
 * @example
 * const registration = etcdRegistration({ hosts: 'http://etcd:2379', prefix: 'orders', id: hostname() })
 * shutdown.add(registration)
 * server.listen(3000, () => registration.register(`http://${hostname()}:3000`))
 */
export function etcdRegistration(options: EtcdRegistrationOptions): EtcdRegistration {
  return new Registration(options)
}

/** The limit of one call, in milliseconds. Without it, etcd3 waits for ever. */
const CALL = 1000
/** Between two tries to leave, in milliseconds. */
const PAUSE = 100

class Registration implements EtcdRegistration {
  readonly #client: Etcd3
  readonly #key: string
  readonly #ttl: number
  readonly #timeout: number
  readonly #log: (line: string) => void
  readonly #leaving = new AbortController()
  #lease: Lease | undefined

  constructor(options: EtcdRegistrationOptions) {
    const { prefix, id, ttl = 10, timeout = 2000, log = console.error, ...etcd } = options
    this.#client = new Etcd3({
      // Here, because the calls of a lease ignore the options that they get.
      defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + CALL }),
      // No circuit breaker: it would refuse all calls for 5 s after three failed calls. In that time etcd
      // may be back, and this process gone.
      faultHandling: { host: () => noop, global: noop },
      ...etcd,
      grpcOptions: {
        // Reconnect at once, and give up a connection on which etcd does not answer.
        'grpc.initial_reconnect_backoff_ms': PAUSE,
        'grpc.max_reconnect_backoff_ms': CALL,
        'grpc.keepalive_time_ms': 10_000,
        'grpc.keepalive_timeout_ms': CALL,
        ...etcd.grpcOptions,
      },
    })
    this.#key = `${prefix}/${id}`
    this.#ttl = ttl
    this.#timeout = timeout
    this.#log = log
  }

  *[Symbol.iterator](): Iterator<Hook> {
    yield {
      name: 'etcd',
      phase: 'deregister',
      timeout: this.#timeout,
      run: (context) => this.#deregister(context),
    }
    yield { name: 'etcd:close', phase: 'close', run: () => this.#client.close() }
  }

  register(url: string): Promise<boolean> {
    return new Promise((resolve) => {
      addAbortListener(this.#leaving.signal, () => resolve(false))
      void this.#keepRegistered(url, () => resolve(true))
    })
  }

  /** Gets a lease and puts the key, and begins again each time one of them is lost. */
  async #keepRegistered(url: string, registered: () => void): Promise<void> {
    const { signal } = this.#leaving
    let isReported = false
    while (!signal.aborted) {
      const lease = this.#client.lease(this.#ttl)
      this.#lease = lease
      try {
        const lost = new Promise<Error>((resolve) => lease.on('lost', resolve))
        await lease.put(this.#key).value(url)
        registered()
        if (isReported) this.#log(`etcd: ${this.#key} is registered again`)
        isReported = false
        throw await lost
      } catch (error) {
        if (signal.aborted) return
        if (!isReported)
          this.#log(`etcd: ${this.#key} is not registered: ${(error as Error).message}`)
        isReported = true
        // If only the answer was lost, etcd holds the key. So revoke the lease.
        lease.revoke().catch(() => {})
      }
      // A random pause, so that not all instances call an etcd that has just come back at the same time.
      await sleep(500 + 500 * Math.random(), undefined, { signal }).catch(() => {})
    }
  }

  async #deregister({ signal, remaining, note, waitingFor }: HookContext): Promise<void> {
    this.#leaving.abort()
    const lease = this.#lease
    if (!lease) return
    waitingFor(() => [`etcd, to revoke the lease of ${this.#key}`])
    // Try until the limit: after an election or a restart, etcd is back in one or two seconds.
    for (;;) {
      try {
        // Waits until the lease is granted. The call ends before the limit, so that its error says why it failed.
        await lease.revoke({ deadline: Date.now() + Math.min(CALL, remaining() - PAUSE) })
        return
      } catch (error) {
        if (!isRecoverableError(error as Error) || remaining() < 3 * PAUSE) {
          note(`${this.#key} may be found until its lease of ${this.#ttl} s runs out`)
          throw error
        }
      }
      await sleep(PAUSE, undefined, { signal })
    }
  }
}
