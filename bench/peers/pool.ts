// A pool of connections that nginx keeps to two instances, one of which is stopped.
import { spawnSync } from 'node:child_process'
import { nginx } from '../pools/kinds.ts'
import { RATE } from '../pools/load.ts'
import { KEEP_ALIVE, type PoolStop, stopBeforePool } from '../pools/stop.ts'
import { range } from '../table.ts'
import { CONTESTANTS } from './names.ts'
import { counted, type Part } from './part.ts'
import { startService } from './processes.ts'
import { inRounds, rowOf, tallied } from './rounds.ts'

const TITLE = 'Stopped behind the pool of nginx'
const HANDLER = 5

const stop = (contestant: string, grace: number): Promise<PoolStop> =>
  stopBeforePool(nginx, (port) =>
    startService({ contestant, grace, handler: HANDLER, keepAlive: KEEP_ALIVE, port }),
  )

export const pool: Part = {
  name: 'pool',
  estimate: ({ runs }) => runs * CONTESTANTS.length * 5,
  async measure({ runs, grace }, progress) {
    // Debian has nginx where only root looks.
    process.env.PATH += ':/usr/sbin'
    if (spawnSync('nginx', ['-v']).error) {
      const notes = ["Not measured: nginx isn't installed (Debian's package `nginx-light`)."]
      return [{ title: TITLE, head: [], rows: [], notes }]
    }
    const all = await inRounds({
      contestants: CONTESTANTS,
      runs,
      progress,
      what: 'the pool of nginx',
      measure: (contestant) => stop(contestant, grace),
    })
    return [
      {
        title: TITLE,
        head: [
          'contestant',
          'lost',
          'how',
          'answered with 503',
          'requests',
          'signal to exit',
          'ended',
        ],
        rows: all.map((one) => rowOf(one, cellsOf)),
        notes: [
          `Two instances behind nginx with \`keepalive ${nginx.size}\` and its defaults (it tries a GET again on the other instance, and not a POST that it has sent), examples/fleet/nginx.conf. A burst of ${nginx.size} requests fills its pool; then come ${RATE} requests a second at random, half of them POST, a handler of ${HANDLER} ms, instances that keep a silent connection for ${KEEP_ALIVE / 1000} s. One instance is stopped, and another one takes its place, ${counted(runs, 'round')}: lost, 503 and requests in all of them; the time as median (least to most). Lost: answered by nginx with 502 or 504.`,
        ],
      },
    ]
  },
}

function cellsOf(stops: readonly PoolStop[]): string[] {
  const sum = (key: 'sent' | 'unavailable') => stops.reduce((total, stop) => total + stop[key], 0)
  const lost = stops.flatMap((stop) => stop.lost)
  return [
    String(lost.length),
    lost.length > 0 ? tallied(lost) : '–',
    String(sum('unavailable')),
    String(sum('sent')),
    range(
      stops.map(({ elapsed }) => elapsed),
      'ms',
    ),
    tallied(stops.map(({ how }) => how)),
  ]
}
