import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ServerState } from '../server-state.ts'

/** One connection of a client, with no more than a drain has to know of it. */
export class Connection {
  /** Requests that have begun and are not answered in full. */
  inFlight = 0
  /** The response to the newest request. */
  newest: ServerResponse | undefined
  /** Whether it has ever sent a request. */
  used = false
  /** It no longer speaks HTTP: a WebSocket, a tunnel. */
  upgraded = false
  /** The requests in flight whose handlers have asked for a signal, with what aborts it. */
  aborters: Map<IncomingMessage, AbortController> | undefined
  #bytesHandled = 0

  constructor(
    readonly socket: TrackedSocket,
    readonly state: ServerState,
    /** When it was opened, last sent a request or last had a response. */
    public activeAt: number,
  ) {
    socket[CONNECTION] = this
  }

  /** Whether it has sent a part of a request, and the rest is still to come. */
  get isHalfSent(): boolean {
    return this.inFlight === 0 && this.socket.bytesRead > this.#bytesHandled
  }

  /** What has been read belongs to requests that are answered. */
  settle(): void {
    this.#bytesHandled = this.socket.bytesRead
  }

  forget(): void {
    this.socket[CONNECTION] = undefined
  }
}

// On the socket itself: every request has to find its connection.
const CONNECTION = Symbol('connection')
export type TrackedSocket = Socket & { [CONNECTION]?: Connection | undefined }

/** What is known of a socket, if its server has been handed in. */
export function connectionOf(socket: TrackedSocket | null): Connection | undefined {
  return socket?.[CONNECTION]
}
