import { describe, expect, test } from 'vitest'
import { cluster, DEAF, server } from '../../support/programs/cluster.ts'

describe('an application that forks another worker for each that crashed', () => {
  test('forks one for a crash', async () => {
    const primary = await cluster({ workers: 1 })
    process.kill(primary.pids[0] ?? 0, 'SIGKILL')
    await primary.says('listens 2')
    const { code } = await primary.send('SIGTERM').ended

    expect(primary.all('crashed')).toEqual(['1'])
    expect(primary.pids).toHaveLength(2)
    expect(code).toBe(0)
  })

  test.each([
    ['that end well', server(), '{}'],
    ['that end badly', server(`shutdown.on('start', () => process.exit(7))`), '{}'],
    ['that are killed', DEAF, `{ stopWait: '400ms' }`],
    ['that are disconnected', server(), '{ stopMessage: false }'],
  ])('forks none during the shutdown, for workers %s', async (_, worker, options) => {
    const primary = await cluster({ worker, options })
    await primary.send('SIGTERM').ended

    expect(primary.all('crashed')).toEqual([])
    expect(primary.pids).toHaveLength(2)
    expect(primary.all('gone').length).toBeLessThanOrEqual(2)
    await primary.empty()
  })

  test('forks none for a worker that dies after the begin, before it is notified', async () => {
    const primary = await cluster({
      primary: `
        // Between the two, the primary hands over the connections that it has accepted.
        shutdown.add({ name: 'killer', phase: 'stop', run() {
          process.kill(cluster.workers[1].process.pid, 'SIGKILL')
        } })
      `,
    })
    await primary.send('SIGTERM').ended

    expect(primary.all('crashed')).toEqual([])
    expect(primary.pids).toHaveLength(2)
  })
})

describe('a worker that is forked', () => {
  test('just before the shutdown begins ends with the others', async () => {
    const primary = await cluster({
      primary: `shutdown.add({ name: 'forks', phase: 'announce', run: () => void cluster.fork() })`,
    })
    const { code, stderr } = await primary.send('SIGTERM').ended

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(primary.pids).toHaveLength(3)
    expect(primary.all('gone')).toHaveLength(3)
    await primary.empty()
  })

  test('in the same tick in which it begins ends with the others', async () => {
    const primary = await cluster({
      primary: `process.on('SIGTERM', () => { cluster.fork(); shutdown.now() })`,
    })
    expect((await primary.send('SIGTERM').ended).code).toBe(0)
    expect(primary.all('gone')).toHaveLength(3)
  })

  test('while the others end is ended too', async () => {
    const primary = await cluster({
      primary: `
        cluster.on('exit', ({ id }) => {
          if (id === 1) cluster.fork()
          if (id === 3) process.kill(process.pid, 'SIGUSR2')
        })
      `,
    })
    const client = await primary.connect()
    const other = await primary.connect()
    // The first two go to both: the one that holds a request waits for the end of the third worker.
    client.ask('/held')
    other.ask('/held')
    await Promise.all([primary.says('holds 1'), primary.says('holds 2')])
    await Promise.all([primary.send('SIGTERM').says('notified 1'), primary.says('notified 2')])
    process.kill(primary.pids[0] ?? 0, 'SIGKILL')
    const { code } = await primary.ended

    // That of the one that was killed.
    expect(code).toBe(1)
    expect(primary.all('gone')).toEqual(['1 SIGKILL', '3 SIGTERM', '2 0'])
    await primary.empty()
  })

  test('while the others end, and ends badly, is named, and is no fault of the primary', async () => {
    const primary = await cluster({
      workers: 1,
      primary: `
        shutdown.on('start', () => {
          cluster.on('fork', ({ process: { pid } }) => process.kill(pid, 'SIGKILL'))
        })
        cluster.on('exit', () => process.kill(process.pid, 'SIGUSR2'))
        cluster.on('message', () => cluster.fork())
      `,
      worker: server(`shutdown.on('start', () => process.send('notified'))`),
    })
    const client = await primary.connect()
    client.ask('/held')
    await primary.says('holds 1')
    const { code, stderr } = await primary.send('SIGTERM').ended

    expect(code).toBe(1)
    expect(primary.hook).toMatchObject({
      status: 'failed',
      error: { message: `worker 2 (pid ${primary.pids[1]}) ended with SIGKILL` },
    })
    expect(stderr).not.toContain('unhandledRejection')
  })

  test('for each that ends, whatever the reason, does not keep the primary', async () => {
    const primary = await cluster({
      primary: `cluster.on('exit', () => cluster.fork())`,
    })
    expect((await primary.send('SIGTERM').ended).code).toBe(0)
    await primary.empty()
  })
})
