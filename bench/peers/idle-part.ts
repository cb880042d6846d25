import { IDLE_HEAD, measureIdle } from '../idle.ts'
import { counted, type Part } from './part.ts'

export const idle: Part = {
  name: 'idle',
  estimate: ({ runs }) => runs * 7,
  async measure({ runs }, progress) {
    let done = 0
    const rows = await measureIdle(runs, (what) => progress.tell(what, done++ / (4 * runs)))
    return [
      {
        title: 'Idle connections closed after SIGTERM',
        head: IDLE_HEAD,
        rows,
        notes: [
          `Connections that were silent for longer than lastcall's linger; ${counted(runs, 'pair')}: median (least to most), from the signal, without a lame duck.`,
        ],
      },
    ]
  },
}
