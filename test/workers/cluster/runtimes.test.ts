import { channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Listeners } from '../../../src/workers/cluster/listeners.ts'
import { PollingClock } from '../../support/service.ts'

test('a listener that tells of no client, as in Deno, goes on accepting, and is closed', async () => {
  const listeners = new Listeners()
  const told: unknown[] = []
  const handle = {
    onconnection: (error: number) => void told.push(error),
    close: () => void told.push('closed'),
  }
  const server = Object.assign(new EventEmitter(), { _handle: handle as object | null })
  channel('tracing:net.server.listen:asyncEnd').publish({ server })
  server._handle = null // Taken out of the server, as a primary does.
  server.emit('listening')
  await setImmediate()
  handle.onconnection(0)
  await listeners.close(1000, new PollingClock())
  expect(told).toEqual([0, 'closed'])
})
