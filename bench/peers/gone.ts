// A handler whose client has gone, and what it uses: a pool that the application closes after the server.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { range } from '../table.ts'
import { CONTESTANTS } from './names.ts'
import { counted, type Part } from './part.ts'
import { type Exit, startService } from './processes.ts'
import { inRounds, rowOf, tallied } from './rounds.ts'

/** The handler takes 1 s; the client waits so long for its answer, in milliseconds. */
const PATIENCE = 200
/** From when the client has gone to the signal, in milliseconds. */
const BEFORE = 50

interface Work extends Exit {
  /** What the handler has written: `row`, `commit`. */
  readonly written: readonly string[]
}

async function leave(contestant: string, grace: number): Promise<Work> {
  const service = await startService({ contestant, grace })
  try {
    const written: string[] = []
    service.lines.on('line', (line) => written.push(line))
    const allRead = once(service.lines, 'close')
    const client = connect(service.port, '127.0.0.1')
    client.write('POST /pay HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n')
    await sleep(PATIENCE)
    client.destroy()
    await sleep(BEFORE)
    const exit = await service.stop()
    await allRead
    return { ...exit, written }
  } finally {
    service.kill()
  }
}

export const gone: Part = {
  name: 'gone',
  estimate: ({ runs }) => rounds(runs) * CONTESTANTS.length * 1.2,
  async measure({ runs, grace }, progress) {
    const all = await inRounds({
      contestants: withBeacons(CONTESTANTS),
      runs: rounds(runs),
      progress,
      what: 'a handler whose client has gone',
      measure: (contestant) => leave(contestant, grace),
    })
    return [
      {
        title: 'A handler whose client has gone',
        head: ['contestant', 'work finished', 'written', 'signal to exit', 'ended'],
        rows: all.map((one) =>
          rowOf(one, (works) => [
            `${works.filter(({ written }) => written.includes('commit')).length} of ${works.length}`,
            tallied(works.map(({ written }) => written.join(' and ') || 'nothing')),
            range(
              works.map(({ elapsed }) => elapsed),
              'ms',
            ),
            tallied(works.map(({ how }) => how)),
          ]),
        ),
        notes: [
          `The handler takes 1 s: it writes a row after 500 ms, and commits at the end. Its client closes the connection after ${PATIENCE} ms, and SIGTERM comes ${BEFORE} ms later. Each contestant closes the handler's pool where it offers a place for that: after the server. What a closed pool is asked to write is lost. ${counted(rounds(runs), 'round')}: median (least to most).`,
          'lightship waits for work that the application tells it of; the second row has one of its beacons in the handler.',
        ],
      },
    ]
  },
}

/** lightship is there twice: as it is for all other parts, and with what its README has for such work. */
const withBeacons = (contestants: readonly string[]) =>
  contestants.flatMap((name) => (name === 'lightship' ? [name, 'lightship, with beacons'] : [name]))

/** Half of the rounds: the outcome hardly differs. */
const rounds = (runs: number) => Math.ceil(runs / 2)
