import { expect, test } from 'vitest'
import { cluster } from '../../support/programs/cluster.ts'
import { until } from '../../support/service.ts'

test('a connection that a worker was handed, and had not taken when it crashed, goes to another', async () => {
  const primary = await cluster()
  process.kill(primary.pids[0] ?? 0, 'SIGSTOP')
  const clients = await Promise.all(Array.from({ length: 6 }, () => primary.connect()))
  let answered = 0
  const answers = clients.map(async (client) => {
    const { body } = await client.get('/')
    answered++
    return body
  })
  // One waits for the worker that is halted.
  await until(() => answered === 5)
  process.kill(primary.pids[0] ?? 0, 'SIGKILL')

  const bodies = new Set(await Promise.all(answers))
  expect(bodies.has('1')).toBe(false)
  const { code } = await primary.send('SIGTERM').ended
  expect(code).toBe(0)
  // It did not wait in vain, which would take a fourth of the time.
  const { began, ended, limit } = primary.hook
  expect(ended - (began ?? 0)).toBeLessThan(limit / 4)
})
