import cluster from 'node:cluster'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { intendExit, intendExitAtEnd } from '../../../src/workers/node/intended-exit.ts'
import { forkWorker, listens, SERVES } from '../../support/programs/primary.ts'

type Mark = (worker: ReturnType<typeof forkWorker>) => unknown

test.each<[string, boolean, Mark]>([
  ['that was marked before it ended counts as intended', true, intendExit],
  ['that is marked when it ends counts as intended', true, intendExitAtEnd],
  ['that is not marked any more does not', false, (worker) => intendExitAtEnd(worker)()],
  ['that was not marked does not', false, () => {}],
])('for a listener to the cluster’s exit, the end of a worker %s', async (_, expected, mark) => {
  const worker = forkWorker(SERVES)
  await listens(worker)
  mark(worker)
  const exit = once(cluster, 'exit')
  worker.process.kill('SIGKILL')

  const [ended] = await exit
  expect(ended.id).toBe(worker.id)
  expect(ended.exitedAfterDisconnect).toBe(expected)
})

test('a worker that is marked when it ends comes to listen', async () => {
  const worker = forkWorker(SERVES)
  intendExitAtEnd(worker)
  expect(await listens(worker)).toBeGreaterThan(0)
})
