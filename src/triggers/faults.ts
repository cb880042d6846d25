import type { FaultOrigin } from '../base/reason.ts'
import type { ProcessPort } from '../runtime/process.ts'

/** Listens to uncaught exceptions and unhandled rejections. Returns a function that stops listening. */
export function onFaults(
  host: ProcessPort,
  fault: (thrown: unknown, origin: FaultOrigin) => void,
): () => void {
  const origins = ['uncaughtException', 'unhandledRejection'] as const
  const undos = origins.map((origin) =>
    host.onFirst(origin, (thrown: unknown) => fault(thrown, origin)),
  )
  return () => {
    for (const undo of undos) undo()
  }
}
