// From the signal to the exit with one request in flight.
import { Agent, get } from 'node:http'
import { text } from 'node:stream/consumers'
import { range } from '../table.ts'
import { CONTESTANTS } from './names.ts'
import { counted, type Part } from './part.ts'
import { type Exit, startService } from './processes.ts'
import { inRounds, rowOf, tallied } from './rounds.ts'

/** The handler takes 1 s; the signal comes so much later than the request, in milliseconds. */
const BEFORE = 100

interface Left extends Exit {
  readonly answered: boolean
}

async function leave(contestant: string, grace: number): Promise<Left> {
  const service = await startService({ contestant, grace })
  const agent = new Agent({ keepAlive: true })
  try {
    const answered = ask(service.port, agent)
    await new Promise((resolve) => setTimeout(resolve, BEFORE))
    const exit = await service.stop()
    return { ...exit, answered: await answered }
  } finally {
    agent.destroy()
    service.kill()
  }
}

/** Whether the answer came in full. */
function ask(port: number, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', path: '/slow', agent }, (response) => {
      text(response).then(
        (body) => resolve(body === 'ok'),
        () => resolve(false),
      )
    })
    request.on('error', () => resolve(false))
  })
}

export const inFlight: Part = {
  name: 'in-flight',
  estimate: ({ runs }) => rounds(runs) * 22,
  async measure({ runs, grace }, progress) {
    const all = await inRounds({
      contestants: CONTESTANTS,
      runs: rounds(runs),
      progress,
      what: 'one request in flight',
      measure: (contestant) => leave(contestant, grace),
    })
    return [
      {
        title: 'Signal to exit with one request in flight',
        head: ['contestant', 'answered', 'signal to exit', 'ended'],
        rows: all.map((one) =>
          rowOf(one, (lefts) => [
            `${lefts.filter(({ answered }) => answered).length} of ${lefts.length}`,
            range(
              lefts.map(({ elapsed }) => elapsed),
              'ms',
            ),
            tallied(lefts.map(({ how }) => how)),
          ]),
        ),
        notes: [
          `A request of 1 s over a keep-alive connection, SIGTERM ${BEFORE} ms after it: the answer is due some ${1000 - BEFORE} ms after the signal. ${counted(rounds(runs), 'round')}: median (least to most).`,
        ],
      },
    ]
  },
}

/** Half of the rounds: several contestants wait for their clients here, for seconds. */
const rounds = (runs: number) => Math.ceil(runs / 2)
