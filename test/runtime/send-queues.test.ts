import { once } from 'node:events'
import fs from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type ListenOptions, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { readSendQueues, type SendQueues } from '../../src/runtime/send-queues.ts'

const hasTables = process.platform === 'linux'

/** More than the kernel takes for a client that does not read. */
const LARGE = 16 * 1024 * 1024

/** As much as the kernel takes at once, also where the client's own buffer is full. */
const SMALL = 1024 * 1024

/** Our socket of a client that does not read, and the client. */
async function connectTo(host: string, listen: ListenOptions) {
  const server = createServer({ allowHalfOpen: true })
  server.listen({ port: 0, ...listen })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = connect({ host, port, allowHalfOpen: true })
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  const [socket] = await accepted
  onTestFinished(() => void socket.destroy())
  return { client, port, socket }
}

async function queues(): Promise<SendQueues> {
  const read = await readSendQueues()
  if (!read) throw new Error('The system does not tell')
  return read
}

/** A number that the kernel changes, once it has stayed the same for ten looks. */
async function settled(look: (queues: SendQueues) => number | undefined): Promise<number> {
  let [value, looks] = [look(await queues()), 0]
  while (looks < 10) {
    const next = look(await queues())
    looks = next === value && value !== 0 ? looks + 1 : 0
    value = next
  }
  return value ?? Number.NaN
}

/** Waits until a condition of the kernel's queues holds. */
async function untilQueues(condition: (queues: SendQueues) => boolean): Promise<void> {
  while (!condition(await queues()));
}

/** IPv6 addresses of this machine that are written with `::`, or with a zone. */
const addresses = Object.entries(networkInterfaces()).flatMap(([name, list = []]) =>
  list.flatMap(({ address, family, scopeid }) => {
    if (family !== 'IPv6') return []
    return scopeid ? [`${address}%${name}`] : [address]
  }),
)
const others = addresses.filter((address) => address !== '::1')
const hasZone = addresses.some((address) => address.includes('%'))

const WAYS: readonly [string, string, ListenOptions][] = [
  ['IPv4', '127.0.0.1', { host: '127.0.0.1' }],
  ['IPv4, to a listener of both', '127.0.0.1', { host: '::' }],
  ['IPv6', '::1', { host: '::1', ipv6Only: true }],
  ['IPv6, to a listener of both', '::1', { host: '::' }],
  ...others.map((address): [string, string, ListenOptions] => [address, address, { host: '::' }]),
]

describe.runIf(hasTables).each(WAYS)('the queue of a connection by %s', (_, host, listen) => {
  test('holds what the client has not taken, and is empty when it has taken all', async () => {
    const [slow, other] = [await connectTo(host, listen), await connectTo(host, listen)]
    expect((await queues()).of(slow.socket)).toBe(0)
    other.client.resume()
    for (const { socket } of [slow, other]) socket.write(Buffer.alloc(LARGE))
    await untilQueues((now) => now.of(slow.socket) > 0)
    await untilQueues((now) => now.of(other.socket) === 0)
    expect(await settled((now) => now.of(slow.socket))).toBeLessThan(LARGE)
    expect((await queues()).closedOn(slow.port).size).toBe(0)

    slow.client.resume()
    await untilQueues((now) => now.of(slow.socket) === 0)
  })

  test('is known when we have closed our side, and when the program has closed all', async () => {
    const { client, port, socket } = await connectTo(host, listen)
    socket.write(Buffer.alloc(SMALL))
    const open = await settled((now) => now.of(socket))
    // The FIN is no byte of ours. The client's system may take a few bytes more now and then.
    await new Promise<void>((resolve) => socket.end(resolve))
    const halfClosed = await settled((now) => now.of(socket))
    expect(halfClosed).toBeGreaterThan(0)
    expect(halfClosed).toBeLessThanOrEqual(open)

    socket.destroy()
    const closed = await settled((now) => [...now.closedOn(port).values()][0])
    expect(closed).toBeGreaterThan(0)
    expect(closed).toBeLessThanOrEqual(halfClosed)
    expect((await queues()).closedOn(port).size).toBe(1)
    expect((await queues()).closedOn(port === 65_535 ? 1 : port + 1).size).toBe(0)

    let received = 0
    client.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    await once(client, 'end')
    expect(received).toBe(SMALL)
    await untilQueues((now) => now.closedOn(port).size === 0)
  })
})

test.skipIf(hasZone || !hasTables)('(skipped: this machine has no address with a zone)', () => {})

test.runIf(hasTables)('a socket that is closed has no queue', async () => {
  const { client, socket } = await connectTo('127.0.0.1', { host: '127.0.0.1' })
  client.destroy()
  socket.resume()
  await once(socket, 'end')
  socket.destroy()
  await once(socket, 'close')

  expect((await queues()).of(socket)).toBe(0)
})

describe('a system', () => {
  const refuse = (...missing: string[]) => {
    const { readFile } = fs
    const read = vi.spyOn(fs, 'readFile')
    onTestFinished(() => read.mockRestore())
    read.mockImplementation((file, options) =>
      missing.includes(String(file))
        ? Promise.reject(Object.assign(new Error('no such file'), { code: 'ENOENT' }))
        : readFile(file, options),
    )
  }

  test('without tables does not tell', async () => {
    refuse('/proc/net/tcp', '/proc/net/tcp6')

    expect(await readSendQueues()).toBeUndefined()
  })

  test.runIf(hasTables).each([
    ['IPv4', '/proc/net/tcp6', '127.0.0.1'],
    ['IPv6', '/proc/net/tcp', '::1'],
  ])('that only has %s tells of that', async (_, missing, host) => {
    const { socket } = await connectTo(host, { host })
    socket.write(Buffer.alloc(LARGE))
    refuse(missing)

    await untilQueues((now) => now.of(socket) > 0)
  })
})
