import { expect, test } from 'vitest'
import { bare, cluster } from '../../support/programs/cluster.ts'

test.each(['SIGINT', 'SIGTERM'] as const)(
  'a %s that reaches the whole group runs each shutdown once, and the primary exits with 0',
  async (signal) => {
    const primary = await cluster({ group: true })
    const client = await primary.connect()
    client.ask('/held')
    await primary.says('holds')
    process.kill(-(primary.child.pid ?? 0), signal)
    await Promise.all([primary.says('notified 1'), primary.says('notified 2')])
    primary.send('SIGUSR2')
    const { code, stderr } = await primary.ended

    expect((await client.answer()).status).toBe(200)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(primary.all('notified')).toHaveLength(2)
    expect(primary.all('gone').sort()).toEqual(['1 0', '2 0'])
    expect(primary.hook).toMatchObject({ status: 'done', notes: [] })
    await primary.empty()
  },
)

test('a worker that was signalled by itself, and drains, is none that crashed', async () => {
  const primary = await cluster({ workers: 1 })
  const client = await primary.connect()
  client.ask('/held')
  await primary.says('holds')
  process.kill(primary.pids[0] ?? 0, 'SIGTERM')
  await primary.says('notified 1 signal')
  primary.send('SIGTERM').send('SIGUSR2')
  const { code } = await primary.ended

  expect((await client.answer()).status).toBe(200)
  expect(code).toBe(0)
  expect(primary.all('notified')).toHaveLength(1)
  expect(primary.all('crashed')).toEqual([])
})

test('a worker that has died unnoticed is named, and is no fault of the primary', async () => {
  const primary = await cluster({
    policy: 'SCHED_NONE',
    workers: 1,
    worker: bare(),
    options: '{ stopMessage: false }',
    primary: `
      const { readFileSync } = await import('node:fs')
      shutdown.add({ name: 'killer', phase: 'drain', run() {
        const { pid } = cluster.workers[1].process
        process.kill(pid, 'SIGKILL')
        while (!readFileSync('/proc/' + pid + '/stat', 'utf8').includes(') Z ')) {}
      } })
    `,
  })
  const { code, stderr } = await primary.send('SIGTERM').ended

  expect(code).toBe(1)
  expect(primary.hook.error?.message).toMatch(/^worker 1 \(pid \d+\) ended with SIGKILL$/)
  expect(stderr).not.toContain('uncaughtException')
})
