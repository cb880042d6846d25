import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { Events } from '../../examples/fleet/orders.ts'
import { hasRedis, RedisServer } from '../support/servers/redis.ts'

const needed = hasRedis ? '' : ' (needs redis-server)'

describe.skipIf(!hasRedis && !process.env.CI)(`events of the fleet${needed}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'events-'))
  const spool = join(folder, 'events.json')
  let server: RedisServer
  let reader: Redis
  let events: Events
  beforeAll(async () => {
    server = await new RedisServer().started()
    reader = new Redis(server.url)
  })
  afterEach(async () => {
    events.close()
    await reader.flushall()
    rmSync(spool, { force: true })
  })
  afterAll(async () => {
    reader.disconnect()
    await server.stop()
    rmSync(folder, { recursive: true })
  })
  const delivered = () => reader.lrange('events', 0, -1)

  test('are in Redis when the flush is over, however many they are', async () => {
    events = new Events(server.url, spool)
    for (let id = 0; id < 200_000; id++) events.append({ id })
    await events.flush()
    expect(await reader.llen('events')).toBe(200_000)
    expect(events.delivered).toBe(200_000)
    expect(existsSync(spool)).toBe(false)
  })

  test('are in the file where Redis does not take them in time, and stay there whatever it does then', async () => {
    events = new Events(server.url, spool)
    events.append({ id: 1 })
    await events.flush()
    server.pause()
    events.append({ id: 2 })
    const flushed = events.flush(AbortSignal.timeout(100))
    events.append({ id: 3 })
    await expect(flushed).rejects.toThrow('timeout')
    expect(events.spool()).toBe(2)
    server.goOn()
    // Whether it has taken what was on its way or not: it is done with that once it answers.
    expect(await delivered()).toContain('{"id":1}')
    expect(JSON.parse(readFileSync(spool, 'utf8'))).toEqual(['{"id":2}', '{"id":3}'])
  })

  test('are taken from the file at the next start, which is gone when they are delivered', async () => {
    writeFileSync(spool, JSON.stringify(['{"id":2}']))
    events = new Events(server.url, spool)
    await events.flush()
    expect(await delivered()).toEqual(['{"id":2}'])
    expect(existsSync(spool)).toBe(false)
  })

  test('are put aside where the file cannot be read, and the service starts', async () => {
    writeFileSync(spool, '["{\\"id')
    const told = vi.spyOn(console, 'error').mockReturnValue()
    events = new Events(server.url, spool)
    expect(readFileSync(`${spool}.broken`, 'utf8')).toBe('["{\\"id')
    expect(told).toHaveBeenCalledWith(expect.stringContaining('could not be read'))
    told.mockRestore()
  })
})
