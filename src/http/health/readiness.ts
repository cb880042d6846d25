import type { AnyRequest, AnyResponse } from '../server.ts'
import type { Probers } from './probers.ts'
import type { ReadyCheck } from './ready-check.ts'

/** A probe that waits for the check. `reply` is unset once it is answered or its client left. */
interface PendingProbe {
  reply: ((isReady: boolean) => void) | undefined
}

/** Answers readiness probes: by the check until the shutdown is announced, with 503 from then on. */
export class Readiness {
  readonly #pending = new Set<PendingProbe>()
  #isStopping = false

  constructor(
    readonly check: ReadyCheck | undefined,
    readonly probers: Probers,
  ) {}

  serve(request: AnyRequest, response: AnyResponse): void {
    const address = request.socket.remoteAddress
    this.probers.countProbe(address)
    const reply = (isReady: boolean) => {
      if (this.#isStopping) {
        this.probers.countNotified(address)
        answerProbe(response, 503, 'stopping')
      } else answerProbe(response, isReady ? 200 : 503, isReady ? 'ready' : 'not ready')
    }
    if (this.#isStopping || this.check === undefined) {
      reply(true)
      return
    }
    const pending: PendingProbe = {
      reply: (isReady) => {
        forget()
        reply(isReady)
      },
    }
    const forget = () => {
      this.#pending.delete(pending)
      pending.reply = undefined
    }
    this.#pending.add(pending)
    // Optional: a unit test may pass a response that has no more than writeHead() and end().
    response.once?.('close', forget)
    void replyByCheck(this.check, pending)
  }

  /** Probes that wait for the check are answered at once: its result no longer matters. */
  announce(): void {
    this.#isStopping = true
    this.check?.stopLogging()
    for (const { reply } of this.#pending) reply?.(false)
  }
}

export function answerProbe(response: AnyResponse, status: number, text: string): void {
  // Something else may have answered while the check ran, such as a framework's timeout.
  if (response.headersSent) return
  const body = `${JSON.stringify({ status: text })}\n`
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  })
  if (response.req?.method === 'HEAD') response.end()
  else response.end(body)
}

/** Holds on to nothing but `pending`: while a check hangs, responses must not pile up behind it. */
async function replyByCheck(check: ReadyCheck, pending: PendingProbe): Promise<void> {
  const isReady = await check.run()
  pending.reply?.(isReady)
}
