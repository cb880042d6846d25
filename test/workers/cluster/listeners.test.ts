import { channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Listeners } from '../../../src/workers/cluster/listeners.ts'
import { PollingClock, until } from '../../support/service.ts'

/** A listener of a primary, after `Listeners` has found it. */
async function listening() {
  const listeners = new Listeners()
  const calls: unknown[] = []
  const handle = {
    onconnection: (error: number, _client?: { close(): void }) => void calls.push(error),
    close: () => void calls.push('closed'),
  }
  const server = Object.assign(new EventEmitter(), { _handle: handle as object | null })
  channel('tracing:net.server.listen:asyncEnd').publish({ server })
  server._handle = null // Taken out of the server, as a primary does.
  server.emit('listening')
  await setImmediate()
  return { handle, listeners, calls }
}

test('a listener that passes on no connection, as in Deno, goes on accepting, and is closed', async () => {
  const { handle, listeners, calls } = await listening()
  handle.onconnection(0)
  await listeners.close(1000, new PollingClock())
  expect(calls).toEqual([0, 'closed'])
})

test('a listener that two shutdowns close is closed once, and both wait until workers have taken every connection', async () => {
  const { handle, listeners, calls } = await listening()
  const client = { close() {} }
  handle.onconnection(0, client)
  const over: string[] = []
  const close = (who: string) =>
    listeners.close(1000, new PollingClock()).then(() => void over.push(who))
  const both = Promise.all([close('one'), close('other')])
  await until(() => calls.includes('closed'))
  await setImmediate()
  expect(over).toEqual([])

  client.close() // A worker has taken it.
  await both
  expect(calls).toEqual([0, 'closed'])
})
