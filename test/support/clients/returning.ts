import { io } from 'socket.io-client'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { Gate } from '../service.ts'

/** A client that connects again at once when its connection is lost, until it gets none. */
export interface ReturningClient {
  /** Resolves when it is connected for the first time. */
  readonly connected: Promise<void>
  /** Resolves when it gets no connection, with what came of each try: `connected`, or an error. */
  readonly gone: Promise<string[]>
}

/** A client of WebSockets. */
export function returningWebSocket(port: number): ReturningClient {
  return returningClient((connected, failed) => {
    const connect = () => {
      let isOpen = false
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
      onTestFinished(() => socket.terminate())
      socket.on('open', () => {
        isOpen = true
        connected()
      })
      socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
        if (!isOpen) failed(code ?? message)
      })
      socket.on('close', () => {
        if (isOpen) connect()
      })
    }
    connect()
  })
}

/** A client of Socket.IO. */
export function returningSocketIo(port: number, transport: string): ReturningClient {
  return returningClient((connected, failed) => {
    const socket = io(`http://127.0.0.1:${port}`, {
      transports: [transport],
      forceNew: true,
      reconnectionDelay: 1,
      randomizationFactor: 0,
    })
    onTestFinished(() => void socket.disconnect())
    socket.on('connect', connected)
    socket.on('connect_error', ({ message }) => {
      socket.disconnect()
      failed(message)
    })
    socket.on('disconnect', (why) => {
      // By itself it comes back after all other reasons.
      if (why === 'io server disconnect') socket.connect()
    })
  })
}

function returningClient(
  begin: (connected: () => void, failed: (why: string) => void) => void,
): ReturningClient {
  const tries: string[] = []
  const [first, last] = [new Gate(), new Gate()]
  begin(
    () => {
      tries.push('connected')
      first.open()
    },
    (why) => {
      tries.push(why)
      last.open()
    },
  )
  return { connected: first.opened, gone: last.opened.then(() => tries) }
}
