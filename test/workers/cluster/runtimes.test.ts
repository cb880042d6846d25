import { channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Listeners } from '../../../src/workers/cluster/listeners.ts'
import { PollingClock, until } from '../../support/programs/service.ts'

/** What a primary listens with; it has been seen. */
async function listening() {
  const listeners = new Listeners()
  const told: unknown[] = []
  const handle = {
    onconnection: (error: number, _client?: { close(): void }) => void told.push(error),
    close: () => void told.push('closed'),
  }
  const server = Object.assign(new EventEmitter(), { _handle: handle as object | null })
  channel('tracing:net.server.listen:asyncEnd').publish({ server })
  server._handle = null // Taken out of the server, as a primary does.
  server.emit('listening')
  await setImmediate()
  return { handle, listeners, told }
}

test('a listener that tells of no client, as in Deno, goes on accepting, and is closed', async () => {
  const { handle, listeners, told } = await listening()
  handle.onconnection(0)
  await listeners.close(1000, new PollingClock())
  expect(told).toEqual([0, 'closed'])
})

test('a listener that two shutdowns close is closed once, and both wait until everybody is handed over', async () => {
  const { handle, listeners, told } = await listening()
  const client = { close() {} }
  handle.onconnection(0, client)
  const over: string[] = []
  const close = (who: string) =>
    listeners.close(1000, new PollingClock()).then(() => void over.push(who))
  const both = Promise.all([close('one'), close('other')])
  await until(() => told.includes('closed'))
  await setImmediate()
  expect(over).toEqual([])

  client.close() // A worker has taken it.
  await both
  expect(told).toEqual([0, 'closed'])
})
