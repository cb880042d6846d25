// Which close codes WebSocket clients see.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { range } from '../table.ts'
import { CONTESTANTS } from './names.ts'
import { counted, type Part } from './part.ts'
import { type Exit, startService } from './processes.ts'
import { inRounds, rowOf, tallied } from './rounds.ts'

const CLIENTS = 50

interface Closed extends Exit {
  /** One for each client. */
  readonly codes: string[]
}

async function close(contestant: string, grace: number): Promise<Closed> {
  const service = await startService({ contestant, grace, webSockets: true })
  try {
    const clients = Array.from(
      { length: CLIENTS },
      () => new WebSocket(`ws://127.0.0.1:${service.port}`),
    )
    for (const client of clients) client.on('error', () => {}) // 'close' follows
    await Promise.all(clients.map((client) => once(client, 'open')))
    const closed = clients.map(async (client) => {
      const [code, reason] = await once(client, 'close')
      return reason.length > 0 ? `${code} '${reason}'` : String(code)
    })
    const exit = await service.stop()
    return { ...exit, codes: await Promise.all(closed) }
  } finally {
    service.kill()
  }
}

export const webSockets: Part = {
  name: 'web-sockets',
  estimate: ({ runs, grace }) => rounds(runs) * (6 + (3 * grace) / 1000),
  async measure({ runs, grace }, progress) {
    const all = await inRounds({
      contestants: CONTESTANTS,
      runs: rounds(runs),
      progress,
      what: 'WebSockets',
      measure: (contestant) => close(contestant, grace),
    })
    return [
      {
        title: 'WebSockets: the close codes that clients see',
        head: ['contestant', 'code and reason (clients)', 'signal to exit', 'ended'],
        rows: all.map((one) =>
          rowOf(one, (closings) => [
            tallied(closings.flatMap(({ codes }) => codes)),
            range(
              closings.map(({ elapsed }) => elapsed),
              'ms',
            ),
            tallied(closings.map(({ how }) => how)),
          ]),
        ),
        notes: [
          `${CLIENTS} clients of \`ws\`, ${counted(rounds(runs), 'round')}, all clients together. 1001 says that the server goes away; 1005 is a close without a code, 1006 a connection that broke off. None of the peers' READMEs speaks of WebSockets: what they do to them is what they do to sockets.`,
        ],
      },
    ]
  },
}

/** Some are killed each time: a few rounds suffice. */
const rounds = (runs: number) => Math.ceil(runs / 4)
