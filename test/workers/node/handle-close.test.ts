import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import {
  interceptConnections,
  type ListenHandle,
} from '../../../src/workers/node/accepted-connections.ts'
import { onHandleClose } from '../../../src/workers/node/handle-close.ts'
import { onListenHandle } from '../../../src/workers/node/listen-handles.ts'
import { forkWorker, listens, SERVES } from '../../support/programs/primary.ts'

/** A primary with one worker that listens. */
async function primary() {
  const found = new Promise<ListenHandle>((resolve) => onListenHandle(resolve))
  const worker = forkWorker(SERVES)
  const port = await listens(worker)
  return { handle: await found, port, worker }
}

test('the primary closes its end of a connection once a worker has taken it', async () => {
  const { handle, port } = await primary()
  const taken = new Promise<void>((resolve) => {
    const distribute = interceptConnections(handle, (error, connection) => {
      if (connection) onHandleClose(connection, resolve)
      distribute(error, connection)
    })
  })
  const client = connect(port, '127.0.0.1')

  expect(await text(client)).toBe('served')
  await taken
})

test('Node closes a listener when its last worker has ended', async () => {
  const { handle, worker } = await primary()
  const closed = new Promise<void>((resolve) => void onHandleClose(handle, resolve))
  worker.process.kill('SIGKILL')
  await closed
})

test('the close of Node that is returned closes the listener, and calls nobody back', async () => {
  const { handle, port } = await primary()
  let calls = 0
  const close = onHandleClose(handle, () => calls++)
  close()

  const [error] = await once(connect(port, '127.0.0.1'), 'error')
  expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  expect(calls).toBe(0)
})
