import { expect, test } from 'vitest'
import { type Cluster, cluster } from '../../support/programs/cluster.ts'
import { until } from '../../support/service.ts'

/** Resolves when the primary listens no more. */
async function refuses(primary: Cluster): Promise<void> {
  for (;;) {
    const client = await primary.connect().catch((error) => error)
    if (client.code === 'ECONNREFUSED') return
    client.socket?.destroy()
  }
}

test('no worker is notified while one has yet to take a connection that it was handed', async () => {
  // It is waited for a fourth of the time at most.
  const primary = await cluster({ shutdown: `{ grace: '10m' }` })
  const [halted = 0] = primary.pids
  process.kill(halted, 'SIGSTOP')
  const clients = await Promise.all(Array.from({ length: 6 }, () => primary.connect()))
  for (const client of clients) client.ask('/held')
  // One is with the worker that is halted.
  await until(() => primary.all('holds').length === 5)
  primary.send('SIGTERM')
  await refuses(primary)

  // Messages arrive in their order: a worker that had been notified would have printed that before it answers.
  primary.send('SIGUSR2')
  const answers = clients.map((client) => client.answer())
  expect((await Promise.race(answers)).body).toBe('2')
  await new Promise(setImmediate)
  expect(primary.all('notified')).toEqual([])

  process.kill(halted, 'SIGCONT')
  await primary.says('holds 1')
  primary.send('SIGUSR2')
  const bodies = (await Promise.all(answers)).map(({ body }) => body)
  expect(bodies.sort()).toEqual(['1', '2', '2', '2', '2', '2'])
  for (const { socket } of clients) socket.destroy()

  expect((await primary.ended).code).toBe(0)
  expect(primary.all('notified')).toHaveLength(2)
})
