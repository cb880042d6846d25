import type { Socket } from 'node:net'
import { builtinModule } from './builtin-modules.ts'

/** What the kernel still holds of what this network namespace has sent by TCP. */
export interface SendQueues {
  /** How many bytes the peer of an open socket has not acknowledged. */
  of(socket: Socket): number
  /** The same for each connection to a port that its program has closed: the kernel goes on sending. */
  closedOn(port: number): ReadonlyMap<string, number>
}

/**
 * Reads the kernel's queues. Resolves with `undefined` where the system does not tell: there is no
 * `/proc/net/tcp`. It may take tens of milliseconds, in a thread of Node's.
 *
 * Linux documents the columns in `Documentation/networking/proc_net_tcp.rst`.
 */
export async function readSendQueues(): Promise<SendQueues | undefined> {
  const { readFile } = builtinModule('node:fs/promises')
  const read = (file: string) => readFile(`/proc/net/${file}`, 'latin1').catch(() => '')
  // One for IPv4, one for IPv6. A system may have only one of them.
  const tables = await Promise.all(['tcp', 'tcp6'].map(read))
  if (tables.every((table) => table === '')) return undefined
  const queues = tables.flatMap(queuesIn)
  const byEnds = new Map(queues.map(({ ends, bytes }) => [ends, bytes]))
  return {
    of: (socket) => byEnds.get(endsOf(socket)) ?? 0,
    closedOn(port) {
      const closed = queues.filter(({ localPort, isClosed }) => isClosed && localPort === port)
      return new Map(closed.map(({ ends, bytes }) => [ends, bytes]))
    },
  }
}

interface Queue {
  /** Both ends of the connection. */
  readonly ends: string
  readonly localPort: number
  readonly bytes: number
  readonly isClosed: boolean
}

function endsOf({ localPort = 0, remoteAddress = '', remotePort = 0 }: Socket): string {
  return ends(localPort, hexAddress(remoteAddress), remotePort)
}

// A line: `0: 0100007F:1F90 0100007F:C350 01 0002C000:00000000 01:00000014 00000000 0 0 51723 …`, with
// local and remote address, state, the queues for sending and receiving, timer, user and inode.
const LINE =
  /^ *\d+: [\dA-F]+:([\dA-F]+) ([\dA-F]+):([\dA-F]+) ([\dA-F]+) ((?!0{8})[\dA-F]+):\S+ \S+ \S+ +\d+ +\d+ +(\d+)/gm

/** The states in which our side is closed: FIN_WAIT1, LAST_ACK and CLOSING. The FIN counts as a byte. */
const FIN_SENT = ['04', '09', '0B']

function queuesIn(table: string): Queue[] {
  const queues: Queue[] = []
  for (const [
    ,
    local = '',
    address = '',
    remote = '',
    state = '',
    queued = '',
    inode,
  ] of table.matchAll(LINE)) {
    const localPort = Number.parseInt(local, 16)
    const bytes = Number.parseInt(queued, 16) - (FIN_SENT.includes(state) ? 1 : 0)
    if (bytes <= 0 || state === LISTEN) continue
    const remotePort = Number.parseInt(remote, 16)
    queues.push({
      ends: ends(localPort, address, remotePort),
      localPort,
      bytes,
      isClosed: inode === '0',
    })
  }
  return queues
}

const LISTEN = '0A'

function ends(localPort: number, address: string, remotePort: number): string {
  return `${localPort} ${address} ${remotePort}`
}

/** An address in the kernel's notation: numbers of 32 bits in this machine's order of bytes. */
function hexAddress(address: string): string {
  const bytes = Buffer.from(address.includes(':') ? bytesOfIPv6(address) : bytesOfIPv4(address))
  if (IS_LITTLE_ENDIAN && bytes.length % 4 === 0) bytes.swap32()
  return bytes.toString('hex').toUpperCase()
}

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

function bytesOfIPv4(address: string): number[] {
  return address.split('.').map(Number)
}

function bytesOfIPv6(address: string): number[] {
  const [before = '', after] = address.replace(/%.*/, '').split('::')
  const groups = (text: string) => text.split(':').filter(Boolean).flatMap(bytesOfGroup)
  const [start, end] = [groups(before), groups(after ?? '')]
  return [...start, ...Array(Math.max(0, 16 - start.length - end.length)).fill(0), ...end]
}

/** A group of 16 bits, or the IPv4 address that may end an IPv6 address. */
function bytesOfGroup(group: string): number[] {
  if (group.includes('.')) return bytesOfIPv4(group)
  const number = Number.parseInt(group, 16)
  return [number >> 8, number & 255]
}
