import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { Handle } from '../../../src/workers/node/handle-close.ts'
import { onSentHandle } from '../../../src/workers/node/sent-handles.ts'
import { forkWorker, listens, SERVES } from '../../support/programs/primary.ts'

/** A worker, and the handles that it is sent. */
function watched(code: string) {
  const worker = forkWorker(code)
  const connections: Handle[] = []
  const listeners: Handle[] = []
  onSentHandle(worker.process, {
    connection: (handle) => void connections.push(handle),
    listener: (handle) => void listeners.push(handle),
  })
  return { connections, listeners, worker }
}

test('a connection that is sent to a worker is seen, and arrives', async () => {
  const { connections, listeners, worker } = watched(SERVES)
  const port = await listens(worker)

  expect(await text(connect(port, '127.0.0.1'))).toBe('served')
  expect(connections).toHaveLength(1)
  expect(connections[0]?.close).toBeTypeOf('function')
  expect(listeners).toEqual([])
})

test('a copy of a listener that is sent to a worker is seen, and arrives', async () => {
  // Sockets of UDP are shared whatever the policy, as everything is with SCHED_NONE.
  const { connections, listeners, worker } = watched(`
    import { createSocket } from 'node:dgram'
    createSocket('udp4').bind(0, '127.0.0.1')
  `)
  const [{ port }] = await once(worker, 'listening')

  expect(port).toBeGreaterThan(0)
  expect(listeners).toHaveLength(1)
  expect(listeners[0]?.close).toBeTypeOf('function')
  expect(connections).toEqual([])
})
