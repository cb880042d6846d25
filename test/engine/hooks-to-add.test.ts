import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { createTestShutdown } from 'lastcall/testing'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { HookContext } from '../../src/engine/hook.ts'
import type { Report } from '../../src/engine/report.ts'
import { errorOf } from '../support/hooks/error-of.ts'
import { virtualShutdown } from '../support/hooks/virtual.ts'

const run = () => {}
const phasesOf = (report: Report) =>
  Object.fromEntries(report.phases.map(({ name, hooks }) => [name, hooks.map((hook) => hook.name)]))

describe('the short form', () => {
  test('adds a hook of the phase close, which gets the context of a hook', async () => {
    const { shutdown } = virtualShutdown()
    let context: HookContext | undefined
    shutdown.add('postgres', (given) => {
      context = given
    })
    expect(phasesOf(await shutdown.now('deploy'))).toEqual({ close: ['postgres'] })
    expect(context?.signal).toBeInstanceOf(AbortSignal)
    expect(context?.reason).toEqual({ kind: 'call', note: 'deploy' })
  })

  test('takes phase, timeout and reserve, or a priority', () => {
    const { shutdown } = virtualShutdown({ grace: '10s', margin: '1s' })
    shutdown.add('events', run, { phase: 'flush', timeout: '3s', reserve: '2s' })
    shutdown.add('between', run, { priority: 350 })
    shutdown.add('usual', run, { phase: undefined, timeout: undefined, reserve: undefined })
    const { phases } = shutdown.plan()
    expect(phases.map(({ name }) => name)).toEqual(['priority 350', 'flush', 'close'])
    expect(phases[1]).toMatchObject({ reserve: 2000, hooks: [{ name: 'events', atMost: 3000 }] })
  })

  test('returns a function that removes the hook', async () => {
    const { shutdown } = virtualShutdown()
    const remove = shutdown.add('postgres', run)
    expect([remove(), remove()]).toEqual([true, false])
    shutdown.add('postgres', run)
    expect(phasesOf(await shutdown.now())).toEqual({ close: ['postgres'] })
  })

  test('works during the shutdown', async () => {
    const { shutdown } = virtualShutdown()
    shutdown.add('first', () => void shutdown.add('second', run), { phase: 'drain' })
    expect(phasesOf(await shutdown.now())).toEqual({ drain: ['first'], close: ['second'] })
  })

  test('works in a shutdown under test', async () => {
    const { shutdown, signal, order } = createTestShutdown()
    shutdown.add('events', run, { phase: 'flush' })
    shutdown.add('postgres', run)
    shutdown.listen()
    await signal('SIGTERM')
    expect(order.ended).toEqual(['events', 'postgres'])
  })

  const refused: [string, unknown[], string[]][] = [
    ['an empty name', [' ', run], ['`hook.name`', 'not empty']],
    ['a name alone', ['pg'], ["`run of hook 'pg'`", 'undefined', "shutdown.add('pg', () => …)"]],
    [
      'a function that was called',
      ['pg', Promise.resolve()],
      ['an object (Promise)', 'The shutdown calls it'],
    ],
    ['options before the function', ['pg', { phase: 'flush' }, run], ["`run of hook 'pg'`"]],
    [
      'an unknown option',
      ['pg', run, { phaze: 'flush' }],
      ["Unknown option `phaze` of hook 'pg'", 'mean `phase`?'],
    ],
    ['options that are no object', ['pg', run, 'flush'], ["`options of hook 'pg'`", "'flush'"]],
    ['null for options', ['pg', run, null], ["`options of hook 'pg'`", 'null']],
    ['a wrong duration', ['pg', run, { timeout: '5 sec' }], ["`timeout of hook 'pg'`", "'5s'"]],
    ['a phase and a priority', ['pg', run, { phase: 'stop', priority: 1 }], ["hook 'pg'", 'both']],
  ]
  test.each(refused)('refuses %s', async (_, given, parts) => {
    const { shutdown } = virtualShutdown()
    const error = errorOf(() => Reflect.apply(shutdown.add, shutdown, given))
    expect(error.code).toBe('LASTCALL_INVALID_OPTION')
    for (const part of parts) expect(error.message).toContain(part)
    expect((await shutdown.now()).phases).toEqual([])
  })

  test('refuses an unknown phase and a name that is taken', () => {
    const { shutdown } = virtualShutdown()
    shutdown.add('pg', run)
    expect(errorOf(() => shutdown.add('pg', run)).code).toBe('LASTCALL_NAME_TAKEN')
    const error = errorOf(() => shutdown.add('other', run, { phase: 'drian' }))
    expect(error.code).toBe('LASTCALL_UNKNOWN_PHASE')
  })
})

test('options of a resource that do not exist are refused', () => {
  const { shutdown } = virtualShutdown()
  const resource = { [Symbol.asyncDispose]: async () => {} }
  const error = errorOf(() => shutdown.add(resource, { phaze: 'stop' } as never))
  expect(error.message).toContain('Did you mean `phase`?')
})

describe('a client that is no hook: the error says what to write', () => {
  class PrismaClient {
    async $disconnect() {}
  }
  class NodeSDK {
    async shutdown() {}
  }
  /** As the client of node-redis, which has all of these. */
  class RedisClient {
    close() {}
    quit() {}
    disconnect() {}
    destroy() {}
  }
  const producer = { connect() {}, async disconnect() {} }
  const redis = new Redis({ lazyConnect: true })

  const clients: [string, unknown, string][] = [
    [
      'pg',
      new pg.Client(),
      "a Client that is no hook. Write shutdown.add('client', () => client.end())",
    ],
    ['pg, a pool', new pg.Pool(), "shutdown.add('boundPool', () => boundPool.end())"],
    [
      'ioredis',
      redis,
      "an object that is no hook. Write shutdown.add('client', () => client.quit())",
    ],
    [
      'Prisma',
      new PrismaClient(),
      "shutdown.add('prismaClient', () => prismaClient.$disconnect())",
    ],
    ['OpenTelemetry', new NodeSDK(), "shutdown.add('nodeSDK', () => nodeSDK.shutdown())"],
    ['node-redis', new RedisClient(), "shutdown.add('redisClient', () => redisClient.close())"],
    [
      'a plain object',
      producer,
      "an object that is no hook. Write shutdown.add('client', () => client.disconnect())",
    ],
  ]
  test.each(clients)('%s', (_, client, message) => {
    const { shutdown } = virtualShutdown()
    for (const given of [[client], [[client]], [client, { name: 'a' }]]) {
      const error = errorOf(() => Reflect.apply(shutdown.add, shutdown, given))
      expect(error.code).toBe('LASTCALL_INVALID_OPTION')
      expect(error.message).toContain(message)
    }
  })

  test('BullMQ, whose objects have a name, and whose workers have a method run', () => {
    const { shutdown } = virtualShutdown()
    const connection = new Redis({ lazyConnect: true, maxRetriesPerRequest: null })
    const queue = new Queue('mail', { connection })
    const worker = new Worker('mail', async () => {}, { connection, autorun: false })
    queue.on('error', () => {})
    worker.on('error', () => {})
    onTestFinished(() => connection.disconnect())
    expect(errorOf(() => shutdown.add(queue as never)).message).toContain('() => queue.close()')
    expect(errorOf(() => shutdown.add(worker as never)).message).toContain('() => worker.close()')
  })
})
