import { formatDuration } from '../base/duration.ts'
import { firstTen, plural } from '../base/summarize.ts'
import type { DrainContext, DrainPart } from './drain-part.ts'
import { DueQueue } from './due-queue.ts'
import type { GoneRequest, GoneRequests, GoneWatcher } from './gone-requests.ts'

/** Waits for the handlers of requests whose clients have gone, each for a bounded time. */
export class GoneRequestsDrain implements DrainPart, GoneWatcher {
  readonly interceptors = {}
  readonly #due: DueQueue<GoneRequest>
  readonly #ended: string[] = []
  readonly #givenUp: string[] = []

  constructor(
    readonly requests: GoneRequests,
    readonly drain: DrainContext,
  ) {
    this.#due = new DueQueue(requests.bound, drain.clock, this.#giveUp)
  }

  get isOver(): boolean {
    return this.requests.size === 0
  }

  begin(): void {
    const { requests } = this
    requests.forgetOld()
    requests.watcher = this
    for (const request of requests) this.clientLeft(request)
  }

  stop(): void {
    this.#due.clear()
    this.requests.watcher = undefined
  }

  clientLeft(request: GoneRequest): void {
    this.#due.add(request, request.goneAt)
  }

  handlerEnded(request: GoneRequest): void {
    this.#due.delete(request)
    this.#ended.push(`${request.name}, client gone`)
    this.drain.onLeft()
  }

  hasWork(): boolean {
    return !this.isOver
  }

  isSlow(): boolean {
    return false
  }

  movement(): 'none' {
    return 'none'
  }

  whatWasDone(): string[] {
    return firstTen(this.#ended, 'request').map((request) => `waited for ${request}`)
  }

  whatIsLeft(): string[] {
    const now = this.drain.clock.now()
    const requests = [...this.requests].map(
      ({ name, goneAt }) => `${name}, client gone ${formatDuration(now - goneAt)} ago`,
    )
    return firstTen(requests, 'request')
  }

  readonly #giveUp = (request: GoneRequest): void => {
    this.requests.delete(request)
    this.#givenUp.push(request.name)
    // One warning for all that are due now.
    if (this.#givenUp.length === 1) queueMicrotask(() => this.#warn())
  }

  #warn(): void {
    const names = this.#givenUp.splice(0)
    const bound = formatDuration(this.requests.bound)
    this.drain.hook.note(
      `${plural(names.length, 'response')} not ended by the handler within ${bound} after the client left: ${firstTen(names, 'request').join('; ')}`,
      'warn',
    )
    this.drain.onLeft()
  }
}
