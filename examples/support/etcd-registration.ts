// A file to copy: clients find the instance in etcd for as long as it lives, and no longer.
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
  /** Unique to this instance; the one that replaces it needs another. */
  readonly id: string
  /** Seconds after which etcd forgets an instance that it doesn't hear of, 1 or more. Default 10. */
  readonly ttl?: number
  /** The longest that leaving etcd may take, in milliseconds. Default 2000. */
  readonly timeout?: number
  /** Called when etcd can't be reached, and when it can again. Default: stderr. */
  readonly log?: (line: string) => void
}

/** Pass it to `shutdown.add()`, like a hook. */
export interface EtcdRegistration extends Iterable<Hook> {
  /**
   * Publishes this URL under the key. Call it when the server listens. Tries until it succeeds, and
   * again whenever the lease is lost, until the shutdown. Resolves when it is registered for the
   * first time, with `false` where the shutdown came first. It never rejects.
   */
  register(url: string): Promise<boolean>
}

/**
 * Registers an instance under a lease, which etcd3 renews three times in a `ttl`. The hook `etcd` of
 * `deregister` revokes it, and fails where that could not be done: the lease runs out by itself
 * then, a `ttl` after it was last renewed. The hook `etcd:close` of `close` closes the client.
 *
 * @example
 * const registration = etcdRegistration({ hosts: 'http://etcd:2379', prefix: 'orders', id: hostname() })
 * shutdown.add(registration)
 * server.listen(3000, () => registration.register(`http://${hostname()}:3000`))
 */
export function etcdRegistration(options: EtcdRegistrationOptions): EtcdRegistration {
  return new Registration(options)
}

/** The longest that etcd may take for one call, in milliseconds: etcd3 would wait for ever. */
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
      // Also for the calls of a lease, which don't pass options on.
      defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + CALL }),
      // Without its circuit breaker, which refuses all calls for 5 s after three that failed: etcd
      // may be back by then, and the process gone.
      faultHandling: { host: () => noop, global: noop },
      ...etcd,
      grpcOptions: {
        // Reconnects at once, and gives up a connection on which etcd doesn't answer.
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

  /** Grants a lease and puts the key, and begins anew whenever either is lost. */
  async #keepRegistered(url: string, registered: () => void): Promise<void> {
    const { signal } = this.#leaving
    let isTold = false
    while (!signal.aborted) {
      const lease = this.#client.lease(this.#ttl)
      this.#lease = lease
      try {
        const lost = new Promise<Error>((resolve) => lease.on('lost', resolve))
        await lease.put(this.#key).value(url)
        registered()
        if (isTold) this.#log(`etcd: ${this.#key} is registered again`)
        isTold = false
        throw await lost
      } catch (error) {
        if (signal.aborted) return
        if (!isTold) this.#log(`etcd: ${this.#key} is not registered: ${(error as Error).message}`)
        isTold = true
        // etcd may hold the key all the same, if only the answer was lost.
        lease.revoke().catch(() => {})
      }
      // Not all instances at the same time: an etcd that comes back has enough to do.
      await sleep(500 + 500 * Math.random(), undefined, { signal }).catch(() => {})
    }
  }

  async #deregister({ signal, remaining, note, waitingFor }: HookContext): Promise<void> {
    this.#leaving.abort()
    const lease = this.#lease
    if (!lease) return
    waitingFor(() => [`etcd, to revoke the lease of ${this.#key}`])
    // Tries until the limit: after an election or a restart, etcd is back in a second or two.
    for (;;) {
      try {
        // Waits for a lease that is being granted. The call ends before the limit, so its error says why.
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
