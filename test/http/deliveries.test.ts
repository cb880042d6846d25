import fs from 'node:fs/promises'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { bytesInWrite } from '../../src/http/node/bytes-in-write.ts'
import { readSendQueues } from '../../src/runtime/send-queues.ts'
import { selfSigned } from '../support/servers/certificate.ts'
import { connect, listen, until } from '../support/service.ts'
import { virtualDrain } from '../support/virtual-drain.ts'

const certificate = selfSigned()

/** As much as the kernel takes at once: the response is finished while its client has read nothing. */
const SIZE = 1024 * 1024

const isToldByKernel = (await readSendQueues()) !== undefined

const WAYS = [
  ['http', false],
  ['https', true],
] as const

/** A client that has asked for a large answer, and reads when it is told to. */
async function reader(secure: boolean, saysClose: boolean, halfOpen = false) {
  const responses: ServerResponse[] = []
  const handler: RequestListener = (_, response) => {
    responses.push(response)
    response.end('x'.repeat(SIZE))
  }
  const server = secure ? createSecureServer(certificate, handler) : createServer(handler)
  const drain = virtualDrain(server)
  const client = await connect(await listen(server), { secure, halfOpen })
  client.socket.pause()
  return {
    client,
    drain,
    server,
    /** Resolves when the response is finished for Node. */
    async ask() {
      client.ask('/export?token=secret', { headers: saysClose ? { Connection: 'close' } : {} })
      await until(() => responses[0]?.writableFinished === true)
    },
  }
}

const CASES = WAYS.flatMap(([name, secure]) =>
  [
    ['before the signal', true],
    ['during the drain', false],
  ].flatMap(([when, isBefore]) =>
    [
      ['keeps its connection', false],
      ['wants its connection closed', true],
    ].map(([kind, saysClose]) => ({ name, when, kind, secure, isBefore, saysClose })),
  ),
) as {
  name: string
  when: string
  kind: string
  secure: boolean
  isBefore: boolean
  saysClose: boolean
}[]

describe.runIf(isToldByKernel).each(CASES)(
  'a client that is answered $when over $name, and $kind',
  ({ secure, isBefore, saysClose }) => {
    const begin = async ({ ask, drain }: Awaited<ReturnType<typeof reader>>) => {
      if (isBefore) await ask()
      await drain.begin()
      if (!isBefore) await ask()
    }

    test('is waited for until it has taken all of its answer', async () => {
      const reading = await reader(secure, saysClose)
      const { client, drain } = reading
      await begin(reading)
      await drain.clock.advance(1900)
      expect(drain.isOver).toBe(false)
      client.socket.resume()

      expect((await client.answer()).body).toHaveLength(SIZE)
      expect(await client.ended()).toBe('FIN')
      await drain.clock.advance(500)
      await drain.over()
      expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
      expect(drain.complaints).toEqual([])
    })

    test('is left 2 s after the last work where it reads nothing, and named', async () => {
      const reading = await reader(secure, saysClose)
      const { drain } = reading
      await begin(reading)
      await drain.clock.advance(1999)
      expect(drain.isOver).toBe(false)

      const [note] = await drain.notes()
      expect(note).toMatch(
        /^ended, 2 s after the last work: (GET \/export, from 127.0.0.1|1 response, from 127.0.0.1|1 closed connection): \d+ kB not taken by the client$/,
      )
      expect(drain.complaints).toEqual([`error: hook 'http': ${note}`])
      expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
    })

    test('is not waited for once it has gone', async () => {
      const reading = await reader(secure, saysClose)
      const { client, drain } = reading
      await begin(reading)
      await drain.clock.advance(1000)
      client.socket.destroy()
      await drain.clock.advance(500)
      await drain.over()

      expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
      expect(drain.complaints).toEqual([])
    })

    test('is not waited for where the system does not tell', async () => {
      const reading = await reader(secure, saysClose)
      vi.spyOn(fs, 'readFile').mockRejectedValue(new Error('no such file'))
      await begin(reading)
      await reading.drain.clock.advance(1000)
      await reading.drain.over()

      expect(await reading.drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
      expect(reading.drain.complaints).toEqual([])
    })
  },
)

describe.each(WAYS)(
  'a client that needs long for an answer that Node still sends, over %s',
  (_, secure) => {
    test.each([
      ['before the signal', true],
      ['during the drain', false],
    ])('is waited for where it was asked for %s', async (__, isBefore) => {
      const [size, step] = [24 * 1024 * 1024, 1024 * 1024]
      const responses: ServerResponse[] = []
      const handler: RequestListener = (___, response) => {
        responses.push(response)
        response.end(Buffer.alloc(size))
      }
      const server = secure ? createSecureServer(certificate, handler) : createServer(handler)
      const drain = virtualDrain(server)
      const client = await connect(await listen(server), { secure })
      /** What the server's side has not got rid of: in Node, and in the kernel. */
      const queued = async () => {
        const { socket } = responses[0] as { socket: Socket }
        return [bytesInWrite(socket), (await readSendQueues())?.of(socket)].join()
      }
      client.socket.pause()
      if (!isBefore) await drain.begin()
      client.ask('/export')
      await until(() => responses.length === 1)
      if (isBefore) await drain.begin()
      for (let part = 0; part < 4; part++) {
        await drain.clock.advance(1900)
        expect(responses[0]?.destroyed).toBe(false)
        const before = await queued()
        // Node reads up to 2 MB in a turn of the loop: the next part begins where this one has ended.
        const read = client.socket.bytesRead + step
        client.socket.resume()
        await until(() => client.socket.bytesRead >= read)
        client.socket.pause()
        // The test's time must not pass before the kernel has moved what the client has made room for.
        while ((await queued()) === before) await new Promise(setImmediate)
      }
      client.socket.resume()

      // In real time: the test's time would pass while the kernel moves the bytes.
      await until(() => client.socket.bytesRead > size)
      await drain.report()
      expect(await client.ended()).toBe('FIN')
      expect(await drain.report()).toMatchObject({ outcome: 'clean', exitCode: 0 })
      expect(drain.complaints).toEqual([])
    })
  },
)

test.each(WAYS)('keepAliveTimeout does not end the time to read, over %s', async (_, secure) => {
  const { ask, client, drain, server } = await reader(secure, false)
  const sockets: Socket[] = []
  server.on('request', ({ socket }: IncomingMessage) => sockets.push(socket))
  await ask()
  expect(sockets[0]?.timeout).toBeGreaterThan(0)
  await drain.begin()
  await drain.clock.advance(300)

  expect(sockets[0]?.writableEnded).toBe(true)
  expect(sockets[0]?.timeout).toBe(0)
  client.socket.resume()
  await drain.report()
})

describe('a client that has all of its answer', () => {
  test.each(WAYS)(
    'and keeps its side open is left after the linger, over %s',
    async (_, secure) => {
      const { ask, client, drain } = await reader(secure, false, true)
      await ask()
      client.socket.resume()
      expect((await client.answer()).body).toHaveLength(SIZE)
      await drain.begin()
      // A linger of silence, and one for the client to close its side.
      await drain.clock.advance(499)
      expect(drain.isOver).toBe(false)

      await drain.report()
      expect(drain.complaints).toEqual([])
      expect(drain.clock.now()).toBeLessThan(1000)
    },
  )
})
