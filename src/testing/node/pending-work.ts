import { createHook } from 'node:async_hooks'

/**
 * What has been asked of the system since this object was made, and is not done: timers, files, names,
 * connections to be opened, and what Node does in its thread pool.
 *
 * `process.getActiveResourcesInfo()` does not have all of it: it lists no compression, no cryptography and, in
 * Node 26, not all work with files. Of timers it has the number only, and a test runner has timers, too.
 *
 * Relies on: the names of the kinds in async_hooks; a request to the system is destroyed when it is done; a
 * handle of zlib has its input as `buffer` while it works.
 * Seen in: Node 20.20, 22.23, 24.22 and 26.12.
 * Where it is missing: `run()` of the test kit moves the clock while such work is going on.
 */
export class PendingWork {
  readonly #timers = new Map<number, NodeJS.Timeout>()
  readonly #requests = new Map<number, string>()
  readonly #compressors = new Map<number, { buffer?: unknown }>()
  readonly #hook = createHook({
    init: (id, type, _trigger, resource) => {
      if (type === 'Timeout') this.#timers.set(id, resource as NodeJS.Timeout)
      else if (type === 'ZLIB') this.#compressors.set(id, resource)
      else if (REQUEST.test(type)) this.#requests.set(id, type)
    },
    destroy: (id) => {
      for (const one of [this.#timers, this.#requests, this.#compressors]) one.delete(id)
    },
  }).enable()

  /** How much of each kind is not done. */
  count(): Record<string, number> {
    const counts: Record<string, number> = {}
    const add = (kind: string) => {
      counts[kind] = (counts[kind] ?? 0) + 1
    }
    for (const timer of this.#timers.values()) if (timer.hasRef()) add('Timeout')
    for (const kind of this.#requests.values()) add(kind)
    for (const { buffer } of this.#compressors.values()) if (buffer) add('ZLIB')
    return counts
  }

  stop(): void {
    this.#hook.disable()
  }
}

/** Writes are not among them: how long they take is up to the peer. */
const REQUEST =
  /^(FSREQ|FILEHANDLECLOSEREQ|GETADDRINFOREQ|GETNAMEINFOREQ|QUERYWRAP|TCPCONNECTWRAP|PIPECONNECTWRAP)|(?<!^HTTPCLIENT)REQUEST$/
