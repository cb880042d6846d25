import { setTimeout as sleep } from 'node:timers/promises'
import { type Dispatcher, request } from 'undici'
import type { Tally } from './tally.ts'

/** How long a client thinks between an answer and its next request, in milliseconds. */
const THINKS = 5

/** Where the next request goes, and how. */
export type Route = () => { origin: string; dispatcher: Dispatcher }

/**
 * One client: places an order under an id of its own, asks for it, and compares both answers with what it
 * has sent, until the signal aborts. It tries nothing twice.
 */
export async function placeOrders(
  lane: string,
  route: Route,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  let lastGood = performance.now()
  const ask = async (path: string, expected: Expected, order?: Order) => {
    tally.requests++
    const problem = await problemOf(route, path, expected, order)
    const now = performance.now()
    if (problem) {
      tally.failures.push({ at: now, what: `${order ? 'POST' : 'GET'} ${path}: ${problem}` })
    } else {
      tally.longestPause = Math.max(tally.longestPause, now - lastGood)
    }
    await sleep(THINKS)
    if (!problem) lastGood = performance.now()
    return !problem
  }
  for (let count = 1; !signal.aborted; count++) {
    const order = { id: `${lane}-${count}`, total: count }
    const isPlaced = await ask('/orders', { status: 201, order }, order)
    if (!isPlaced) continue
    tally.acknowledged.add(order.id)
    await ask(`/orders/${order.id}`, { status: 200, order })
  }
  // Who has been waiting since then has waited so long.
  tally.longestPause = Math.max(tally.longestPause, performance.now() - lastGood)
}

interface Order {
  readonly id: string
  readonly total: number
}

interface Expected {
  readonly status: number
  readonly order: Order
}

async function problemOf(
  route: Route,
  path: string,
  expected: Expected,
  order: Order | undefined,
): Promise<string | undefined> {
  try {
    const { origin, dispatcher } = route()
    const { statusCode, body } = await request(`${origin}${path}`, {
      dispatcher,
      method: order ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json' },
      body: order ? JSON.stringify(order) : null,
    })
    const answer = await body.text()
    if (statusCode !== expected.status)
      return `${statusCode} ${answer.replace(/\s+/g, ' ').slice(0, 80)}`
    return answer === JSON.stringify(expected.order) ? undefined : `answered ${answer}`
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code ?? message
  }
}
