import type { FaultOrigin } from '../base/reason.ts'
import type { ProcessPort } from '../runtime/process.ts'

/** Listens to what nobody caught until it is taken back. */
export function onFaults(
  host: ProcessPort,
  fault: (thrown: unknown, origin: FaultOrigin) => void,
): () => void {
  const origins = ['uncaughtException', 'unhandledRejection'] as const
  const undos = origins.map((origin) => host.on(origin, (thrown: unknown) => fault(thrown, origin)))
  return () => {
    for (const undo of undos) undo()
  }
}
