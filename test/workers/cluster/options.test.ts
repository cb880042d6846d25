import cluster from 'node:cluster'
import { EventEmitter } from 'node:events'
import { createShutdown } from 'lastcall'
import { type ClusterWorkersOptions, clusterWorkers } from 'lastcall/workers'
import { describe, expect, test } from 'vitest'
import { server, cluster as started } from '../../support/programs/cluster.ts'

/** The primary of no worker. The tests themselves may run in a worker of something. */
const PRIMARY = { ...cluster, isPrimary: true, on: () => {}, off: () => {}, fork: cluster.fork }

describe('clusterWorkers()', () => {
  test.each([[undefined], [null], ['cluster'], [{}], [{ isPrimary: true }]])(
    'refuses %j',
    (value) => {
      expect(() => clusterWorkers(value as never)).toThrow(
        expect.objectContaining({ code: 'LASTCALL_NOT_A_CLUSTER' }),
      )
    },
  )

  test.each<[string, Record<string, unknown>]>([
    ['stopMessage', { stopMessage: 5 }],
    ['stopMessage', { stopMessage: true }],
    ['stopWait', { stopWait: '500' }],
    ['stopWait', { stopWait: 0 }],
    ['startWait', { startWait: Number.NaN }],
    ['exitCodes', { exitCodes: 0 }],
    ['exitCodes', { exitCodes: [256] }],
    ['fork', { fork: 'worker.js' }],
    ['reserve', { reserve: -1 }],
    ['reserve', { stopWait: '1s', reserve: '2s' }],
    ['name', { name: '' }],
    ['killAfter', { killAfter: '1s' }],
  ])('refuses a wrong %s: %j', (option, options) => {
    expect(() => clusterWorkers(PRIMARY as never, options as ClusterWorkersOptions)).toThrow(
      expect.objectContaining({
        code: 'LASTCALL_INVALID_OPTION',
        message: expect.stringContaining(option),
      }),
    )
  })

  test.each<object>([{ stopWait: '500' }, { startWait: '500' }, { name: '' }, { reserve: -1 }])(
    'listens to nothing where it refuses %j',
    (options) => {
      const primary = Object.assign(new EventEmitter(), { isPrimary: true, fork: cluster.fork })
      expect(() => clusterWorkers(primary as never, options)).toThrow()
      expect(primary.eventNames()).toEqual([])
    },
  )

  test('reserves stopWait, and nothing by itself', () => {
    const [hook] = clusterWorkers(PRIMARY as never, { stopWait: '3s' })
    expect(hook).toMatchObject({ name: 'cluster', phase: 'stop', timeout: '3s', reserve: '3s' })
    const [plain] = clusterWorkers(PRIMARY as never)
    expect(plain).not.toHaveProperty('reserve')
    expect(plain).not.toHaveProperty('timeout')
  })

  test('takes a name and a phase', () => {
    const shutdown = createShutdown({ exit: false })
    const workers = clusterWorkers(PRIMARY as never, { name: 'web', phase: 'drain' })
    expect([...workers]).toMatchObject([{ name: 'web', phase: 'drain' }])
    shutdown.add(workers)
    expect(() => shutdown.add(clusterWorkers(PRIMARY as never, { name: 'web' }))).toThrow("'web'")
  })

  test('with no worker at all ends at once', async () => {
    const shutdown = createShutdown({ exit: false })
    shutdown.add(clusterWorkers(PRIMARY as never))
    expect((await shutdown.now()).outcome).toBe('clean')
  })

  test('is refused in a worker, with what to do', async () => {
    const primary = await started({
      workers: 1,
      worker: server(`
        const { clusterWorkers } = await import('lastcall/workers')
        try {
          clusterWorkers(cluster)
        } catch ({ code, message }) {
          say('refused', code, message)
        }
      `),
    })
    expect(primary.all('refused')[0]).toMatch(
      /^LASTCALL_NOT_A_CLUSTER .*Check cluster\.isPrimary before the call\.$/,
    )
    expect((await primary.send('SIGTERM').ended).code).toBe(0)
  })
})

test('a cluster that is handed in again and again is listened to once', async () => {
  const primary = Object.assign(new EventEmitter(), { isPrimary: true, fork: cluster.fork })
  const listens = () => primary.eventNames().map((event) => [event, primary.listenerCount(event)])
  clusterWorkers(primary as never)
  const before = listens()
  for (let n = 0; n < 12; n++) {
    const shutdown = createShutdown({ exit: false, log: false })
    shutdown.add(clusterWorkers(primary as never))
    await shutdown.now()
  }
  expect(listens()).toEqual(before)
})
