// A large answer, a reader that takes it slowly, and a network that goes with the process.
import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { range } from '../table.ts'
import { CONTESTANTS } from './names.ts'
import { counted, type Part, type Table } from './part.ts'
import type { Exit } from './processes.ts'
import { inRounds, rowOf, tallied } from './rounds.ts'

const TITLE = 'A slow reader in a network that goes with the process'
/** Of the answer that bench/peers/service.mjs gives, in bytes. */
const SIZE = 3_000_000
const PROGRAM = fileURLToPath(new URL('slow-read.ts', import.meta.url))
const run = promisify(execFile)

/** A network of its own, for root; others need a user namespace of their own as well. */
const UNSHARE = ['--net', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])]

/** What one reader got. */
export interface SlowRead extends Exit {
  /** Bytes of the answer. */
  readonly received: number
}

async function read(contestant: string, grace: number, rate: number): Promise<SlowRead> {
  const settings = JSON.stringify({ contestant, grace, rate })
  const program = [process.execPath, '--import', 'tsx', PROGRAM, settings]
  const { stdout } = await run('unshare', [...UNSHARE, ...program])
  return JSON.parse(stdout)
}

export const slowReader: Part = {
  name: 'slow-reader',
  estimate: ({ runs, grace }) => (rounds(runs) * CONTESTANTS.length * grace) / 3000,
  async measure(options, progress) {
    // Debian has `ip` where only root looks.
    process.env.PATH += ':/usr/sbin'
    const { status, stderr } = spawnSync('unshare', [...UNSHARE, 'ip', 'link', 'set', 'lo', 'up'])
    if (status !== 0) {
      const why = stderr?.toString().trim() || 'unshare is missing'
      const notes = [
        `Not measured: this needs \`unshare\` and \`ip\` (Debian's packages util-linux and iproute2), and root or user namespaces: ${why}.`,
      ]
      return [{ title: TITLE, head: [], rows: [], notes }]
    }
    const { runs, grace } = options
    // All of it takes three tenths of the grace.
    const rate = SIZE / ((0.3 * grace) / 1000)
    const all = await inRounds({
      contestants: CONTESTANTS,
      runs: rounds(runs),
      progress,
      what: 'a slow reader',
      measure: (contestant) => read(contestant, grace, rate),
    })
    const table: Table = {
      title: TITLE,
      head: ['contestant', 'bytes received', 'in full', 'signal to exit', 'ended'],
      rows: all.map((one) =>
        rowOf(one, (reads) => [
          range(
            reads.map(({ received }) => received),
            '',
          ),
          `${reads.filter(({ received }) => received === SIZE).length} of ${reads.length}`,
          range(
            reads.map(({ elapsed }) => elapsed),
            'ms',
          ),
          tallied(reads.map(({ how }) => how)),
        ]),
      ),
      notes: [
        `An answer of ${SIZE} bytes, of which the client reads ${(rate / 1e6).toFixed(1)} MB a second; SIGTERM comes when it has read the first of it, and the kill ${grace / 1000} s later. Service and client are alone in a network namespace (\`unshare --net\`), whose interface is taken down when the process has ended, as a container's is: what the kernel had not delivered by then is lost. ${counted(rounds(runs), 'round')}: median (least to most).`,
      ],
    }
    return [table]
  },
}

/** Half of the rounds: the outcome hardly differs. */
const rounds = (runs: number) => Math.ceil(runs / 2)
