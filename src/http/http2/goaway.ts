import { writeSync } from 'node:fs'
import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** The highest id that a stream can have. */
const EVERY_STREAM = 2 ** 31 - 1

// RFC 9113, 6.8: length 8, type 7, no flags, stream 0; the last stream's id, NO_ERROR.
const NOTICE = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])

/** As much as is needed of what Node keeps below a socket. */
interface SocketHandle {
  readonly fd?: number
  /** What it has still to give to the kernel, in bytes. */
  readonly writeQueueSize?: number
}

/**
 * Tells a client that the server is about to go away, and that the streams which it opens before it
 * has heard of that are served (RFC 9113, 6.8).
 *
 * nghttp2 has a call for this, `nghttp2_submit_shutdown_notice()`, which Node does not offer; and
 * once Node's `session.goaway()` has sent a GOAWAY, whatever its id, nghttp2 ignores each new
 * stream. So the frame is written past both, where that can be done: without TLS, and while nothing
 * is queued, so that it stands between two frames.
 *
 * @returns whether it was
 */
export function writeNotice(socket: Socket): boolean {
  const handle = (socket as { _handle?: SocketHandle | null })._handle
  const isClear = (socket as { encrypted?: boolean }).encrypted !== true
  if (!isClear || handle?.fd === undefined || handle.fd < 0 || handle.writeQueueSize !== 0) {
    return false
  }
  try {
    // The kernel takes all of it, or has no room (EAGAIN). After a part nothing could be understood.
    if (writeSync(handle.fd, NOTICE) < NOTICE.length) socket.destroy()
    return true
  } catch {
    return false
  }
}

/**
 * The same by Node's means, where there are no others. A stream that crosses it is ignored, and the
 * second GOAWAY says so: it is safe to retry.
 */
export function sendNotice(session: ServerHttp2Session): void {
  session.goaway(NO_ERROR, EVERY_STREAM)
}

const NO_ERROR = 0
