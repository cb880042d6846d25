import type { Clock } from '../runtime/clock.ts'
import { type Endable, onHandlerEnd } from './node/handler-end.ts'

/** A request whose client has left before the handler ended the response. */
export interface GoneRequest {
  /** Such as `POST /pay`. */
  readonly name: string
  /** When the client left. */
  readonly goneAt: number
}

/** Receives what happens to these requests. The drain registers itself here while it runs. */
export interface GoneWatcher {
  clientLeft(request: GoneRequest): void
  handlerEnded(request: GoneRequest): void
}

/**
 * The requests in flight whose clients have left: their handlers may be in the middle of a write. A
 * handler that never ends its response, as one of an event stream, is forgotten after a time. The
 * response is not held: once it is collected, nothing can end it.
 */
export class GoneRequests {
  watcher: GoneWatcher | undefined
  /** How long a handler is waited for, in milliseconds. The clock starts when its client leaves. */
  bound = 0
  /** In the order in which their clients left. */
  readonly #open = new Set<GoneRequest>()

  constructor(readonly clock: Clock) {}

  get size(): number {
    return this.#open.size
  }

  [Symbol.iterator]() {
    return this.#open.values()
  }

  add(name: string, response: Endable): void {
    this.forgetOld()
    if (this.bound === 0) return
    const request = { name, goneAt: this.clock.now() }
    this.#open.add(request)
    const ended = () => {
      if (this.delete(request)) this.watcher?.handlerEnded(request)
    }
    onHandlerEnd(response, ended)
    COLLECTED.register(response, ended)
    this.watcher?.clientLeft(request)
  }

  /** Forgets all, and takes no more until a bound is set again. */
  close(): void {
    this.bound = 0
    this.#open.clear()
  }

  delete(request: GoneRequest): boolean {
    return this.#open.delete(request)
  }

  /** Forgets requests that are past the bound. No timer does it: it would keep the process alive. */
  forgetOld(): void {
    const now = this.clock.now()
    for (const request of this.#open) {
      if (now - request.goneAt < this.bound) break
      this.#open.delete(request)
    }
  }
}

const COLLECTED = new FinalizationRegistry<() => void>((ended) => ended())
