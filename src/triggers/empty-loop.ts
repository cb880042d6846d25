import type { Reason } from '../base/reason.ts'
import type { ProcessPort } from '../runtime/process.ts'

/** Begins the shutdown when nothing keeps the process alive any more. Returns a function that stops listening. */
export function onEmptyLoop(host: ProcessPort, begin: (reason: Reason) => unknown): () => void {
  return host.on('beforeExit', () => void begin({ kind: 'empty' }))
}
