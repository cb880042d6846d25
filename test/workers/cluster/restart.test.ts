import { describe, expect, test } from 'vitest'
import { bare, type Cluster, cluster, server } from '../../support/programs/cluster.ts'
import type { Ended } from '../../support/programs/program.ts'

/** New workers get this variable, the first ones don't. */
const successors = (env: string) => `fork: () => cluster.fork({ SUCCESSOR: '1' }), ${env}`

/** What only a successor does, before all else. */
const asSuccessor = (action: string) => `
  if (process.env.SUCCESSOR) { ${action} }
  ${server()}
`

const CRASHES = asSuccessor('process.exit(3)')
const NEVER_LISTENS = asSuccessor('await new Promise(() => setInterval(() => {}, 1000))')

describe('restart()', () => {
  test.each([1, 3])(
    'replaces each of %i: a new one listens before the old one is notified',
    async (workers) => {
      const primary = await cluster({ workers })
      const before = primary.lines.length
      await primary.send('SIGHUP').says('restarted')
      const story = primary.lines.slice(before).map((line) => line.split(' ').slice(0, 2).join(' '))

      const ids = Array.from({ length: workers }, (_, n) => n + 1)
      expect(story).toEqual([
        ...ids.flatMap((old) => [
          `forked ${old + workers}`,
          `listens ${old + workers}`,
          `notified ${old}`,
          `gone ${old}`,
        ]),
        `restarted ${workers}`,
      ])
      expect(primary.ports).toHaveLength(1)
      expect(primary.alive).toHaveLength(workers)
      const client = await primary.connect()
      expect(Number((await client.get('/')).body)).toBeGreaterThan(workers)
      expect((await primary.send('SIGTERM').ended).code).toBe(0)
      await primary.empty()
    },
  )

  test('can be done again', async () => {
    const primary = await cluster({
      workers: 1,
      primary: `process.on('SIGUSR2', async () => {
        await workers.restart()
        say('twice', await workers.restart())
      })`,
    })
    await primary.send('SIGUSR2').says('twice 1')
    expect(primary.all('gone')).toEqual(['1 0', '2 0'])
    expect((await primary.send('SIGTERM').ended).code).toBe(0)
  })

  test('that is called again while it goes on returns the same promise', async () => {
    const primary = await cluster({
      primary: `process.on('SIGUSR2', () => {
        const restart = workers.restart()
        say('same', restart === workers.restart())
        restart.then((count) => say('restarted', count))
      })`,
    })
    await primary.send('SIGUSR2').says('restarted 2')
    expect(primary.all('same')).toEqual(['true'])
    expect(primary.pids).toHaveLength(4)
  })

  test('ends where a new worker crashes at its start, and the old ones go on', async () => {
    const primary = await cluster({
      worker: CRASHES,
      options: `{ ${successors('')} }`,
    })
    await primary.send('SIGHUP').says('stays')

    expect(primary.all('stays')[0]).toMatch(
      /^LASTCALL_WORKER_NOT_READY The new worker 3 \(pid \d+\) could not take over: it ended with exit code 3\./,
    )
    expect(primary.all('notified')).toEqual([])
    // It was no crash that the application is to mend.
    expect(primary.all('crashed')).toEqual([])
    expect(primary.pids).toHaveLength(3)
    const client = await primary.connect()
    expect(['1', '2']).toContain((await client.get('/')).body)
    expect((await primary.send('SIGTERM').ended).code).toBe(0)
  })

  test('works after one that failed', async () => {
    const primary = await cluster({
      workers: 1,
      worker: CRASHES,
      options: `{ fork: () => cluster.fork(cluster.tried ? {} : { SUCCESSOR: cluster.tried = '1' }) }`,
    })
    await primary.send('SIGHUP').says('stays')
    await primary.send('SIGHUP').says('restarted 1')
    expect(primary.all('gone')).toEqual(['2 3', '1 0'])
  })

  test('ends where a new worker does not come to listen within startWait, and that one is gone', async () => {
    const primary = await cluster({
      worker: NEVER_LISTENS,
      options: `{ ${successors(`startWait: '300ms'`)} }`,
    })
    await primary.send('SIGHUP').says('stays')

    expect(primary.all('stays')[0]).toMatch(
      /^LASTCALL_WORKER_NOT_READY The new worker 3 .* it was not listening within 300 ms\./,
    )
    expect(primary.all('gone')).toHaveLength(1)
    expect(primary.all('crashed')).toEqual([])
    expect(primary.alive).toEqual(primary.pids.slice(0, 2))
    const client = await primary.connect()
    expect(['1', '2']).toContain((await client.get('/')).body)
  })

  test('waits for no more than the start of workers that listen on nothing', async () => {
    const primary = await cluster({
      workers: 0,
      worker: server('', '{}', `setInterval(() => {}, 1000); say('started', id)`),
      primary: 'cluster.fork()',
    })
    await primary.says('started 1')
    await primary.send('SIGHUP').says('restarted 1')

    expect(primary.all('notified')).toEqual(['1 signal'])
    expect(primary.all('gone')).toEqual(['1 0'])
  })

  test('replaces workers that had come before the cluster was handed over', async () => {
    const primary = await cluster({ late: true })
    await primary.send('SIGHUP').says('restarted 2')
    expect(primary.all('notified')).toEqual(['1 message', '2 message'])
    expect((await primary.send('SIGTERM').ended).code).toBe(0)
    await primary.empty()
  })

  test('kills an old worker that does not end within stopWait', async () => {
    const primary = await cluster({
      workers: 1,
      worker: `if (!process.env.SUCCESSOR) process.on('SIGTERM', () => {}); ${bare(`
        if (!process.env.SUCCESSOR) setInterval(() => {}, 1000)
      `)}`,
      options: `{ ${successors(`stopWait: '500ms'`)} }`,
    })
    await primary.send('SIGHUP').says('restarted 1')

    expect(primary.all('gone')).toEqual(['1 SIGKILL'])
    expect(primary.all('crashed')).toEqual([])
    expect((await (await primary.connect()).get('/')).body).toBe('2')
  })

  test('lets an old worker answer what it was asked', async () => {
    const primary = await cluster({ workers: 1 })
    const client = await primary.connect()
    client.ask('/held')
    await primary.says('holds 1')
    await primary.send('SIGHUP').says('notified 1')
    const other = await primary.connect()
    expect((await other.get('/')).status).toBe(200)
    primary.send('SIGUSR2')

    expect((await client.answer()).body).toBe('1')
    await primary.says('restarted 1')
  })
})

describe('a shutdown that begins during restart()', () => {
  test('while a new worker starts ends it and all others', async () => {
    const primary = await cluster({ worker: NEVER_LISTENS, options: `{ ${successors('')} }` })
    await primary.send('SIGHUP').says('forked 3')
    expectEnd(primary, await primary.send('SIGTERM').ended, 0)
  })

  test('while an old worker drains ends it and all others', async () => {
    const primary = await cluster()
    const clients = await Promise.all([primary.connect(), primary.connect()])
    for (const client of clients) client.ask('/held')
    await Promise.all([primary.says('holds 1'), primary.says('holds 2')])
    await primary.send('SIGHUP').says('notified 1')
    await primary.send('SIGTERM').says('notified 2')
    const ended = await primary.send('SIGUSR2').ended

    const answers = await Promise.all(clients.map((client) => client.answer()))
    expect(answers.map(({ body }) => body).sort()).toEqual(['1', '2'])
    expectEnd(primary, ended, 1)
  })

  test('replaces no worker from then on', async () => {
    const primary = await cluster({
      primary: `shutdown.add({ name: 'late', phase: 'flush', run: () => void process.emit('SIGHUP') })`,
    })
    expect((await primary.send('SIGTERM').ended).code).toBe(0)
    expect(primary.all('restarted')).toEqual(['0'])
    expect(primary.pids).toHaveLength(2)
  })
})

/** So many were replaced; no worker was forked after that, and none is left. */
function expectEnd(primary: Cluster, { code, stderr }: Ended, replaced: number): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(primary.all('restarted')).toEqual([String(replaced)])
  expect(primary.pids).toHaveLength(3)
  expect(primary.all('gone')).toHaveLength(3)
}
