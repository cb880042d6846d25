// What a contestant keeps of each idle connection.
import { once } from 'node:events'
import { openCrowd } from '../crowds.ts'
import { median, range } from '../table.ts'
import { BARE, CONTESTANTS } from './names.ts'
import type { Options } from './options.ts'
import { counted, type Part } from './part.ts'
import { type Service, startService } from './processes.ts'
import { inRounds, rowOf } from './rounds.ts'

/** Bytes of heap and of what is bound to it, for each connection that had one request. */
async function bytesOf(contestant: string, { grace, connections }: Options): Promise<number> {
  const service = await startService({ contestant, grace, memory: true }, ['--expose-gc'])
  try {
    // A few first: what the first request loads is no connection's.
    const first = await openCrowd(service.port, 100)
    const before = await memoryOf(service)
    const crowd = await openCrowd(service.port, connections)
    const after = await memoryOf(service)
    crowd.leave()
    first.leave()
    return (after - before) / connections
  } finally {
    service.kill()
  }
}

async function memoryOf({ child }: Service): Promise<number> {
  const message = once(child, 'message')
  child.send('memory')
  const [bytes] = await message
  return bytes
}

export const memory: Part = {
  name: 'memory',
  estimate: ({ runs, connections }) => (rounds(runs) * CONTESTANTS.length * connections) / 2500,
  async measure(options, progress) {
    const all = await inRounds({
      contestants: CONTESTANTS,
      runs: rounds(options.runs),
      progress,
      what: 'memory',
      measure: (contestant) => bytesOf(contestant, options),
    })
    const bare = all.find(({ contestant }) => contestant === BARE)?.results ?? []
    return [
      {
        title: 'Memory of an idle connection',
        head: ['contestant', 'bytes a connection', `over ${BARE}, pair by pair`],
        rows: all.map((one) =>
          rowOf(one, (bytes) => {
            const over = bytes.map((value, index) => value - (bare[index] ?? Number.NaN))
            return [range(bytes, ''), one.contestant === BARE ? '–' : median(over).toFixed(0)]
          }),
        ),
        notes: [
          `${options.connections} keep-alive connections that had one request each; heap and external memory after a full collection, ${counted(rounds(options.runs), 'round')}: median (least to most).`,
        ],
      },
    ]
  },
}

/** Collected heaps hardly differ from run to run. */
const rounds = (runs: number) => Math.ceil(runs / 4)
