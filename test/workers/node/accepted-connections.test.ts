import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import {
  interceptConnections,
  type ListenHandle,
  type OnConnection,
} from '../../../src/workers/node/accepted-connections.ts'
import type { Handle } from '../../../src/workers/node/handle-close.ts'
import { onListenHandle } from '../../../src/workers/node/listen-handles.ts'
import { forkWorker, listens, SERVES } from '../../support/programs/primary.ts'

test('a connection that the primary accepts is received, and goes to a worker when it is passed on', async () => {
  const found = new Promise<ListenHandle>((resolve) => onListenHandle(resolve))
  const port = await listens(forkWorker(SERVES))
  const handle = await found
  let distribute: OnConnection = () => {}
  const received = new Promise<[number, Handle]>((resolve) => {
    distribute = interceptConnections(handle, (...args) => resolve(args as [number, Handle]))
  })

  const client = connect(port, '127.0.0.1')
  await once(client, 'connect')
  const [error, connection] = await received
  expect(error).toBeFalsy()
  expect(connection.close).toBeTypeOf('function')

  distribute(error, connection)
  expect(await text(client)).toBe('served')
})
