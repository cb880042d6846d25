import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import type { ListenHandle } from '../../../src/workers/node/accepted-connections.ts'
import { onListenHandle } from '../../../src/workers/node/listen-handles.ts'
import { forkWorker, listens, SERVES } from '../../support/programs/primary.ts'

test('finds what the primary listens on for its workers, and nothing of the application', async () => {
  const handles: ListenHandle[] = []
  onListenHandle((handle) => void handles.push(handle))
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
  expect(handles).toEqual([])

  await listens(forkWorker(SERVES))
  expect(handles).toHaveLength(1)
  expect(handles[0]?.onconnection).toBeTypeOf('function')
  expect(handles[0]?.close).toBeTypeOf('function')
})
