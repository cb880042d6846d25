// Relies on: code that sends its own process a signal calls `process.kill()`, replaced here until it is
// undone. No interface of Node tells who sent a signal.
// Seen in: Node 20.19, 22.23, 24.22, 26.12.
// Without it: a listener that does its work and then repeats the signal, as that of NestJS does, counts as
// a second press of Ctrl-C, which forces the exit.

import { signalNumbers } from '../signals.ts'

/** Notes the signals that this process sends itself. */
export function noteOwnSignals(): { isOwn(signal: string): boolean; stop(): void } {
  const sent = new Set<string | number>()
  const original = process.kill
  let isOver = false
  const kill: typeof process.kill = (pid, signal) => {
    if (!isOver && pid === process.pid) sent.add(signal ?? 'SIGTERM')
    return Reflect.apply(original, process, [pid, signal])
  }
  process.kill = kill
  return {
    isOwn: (signal) => sent.delete(signal) || sent.delete(signalNumbers()[signal] ?? signal),
    stop() {
      isOver = true
      // Other code may have wrapped ours, and still calls it.
      if (process.kill === kill) process.kill = original
    },
  }
}
