import { onTestFinished } from 'vitest'

const KINDS = ['uncaughtException', 'unhandledRejection'] as const

/** What nobody caught while the test lasted: the runner, which would end the run, is not told. */
export function collectFaults(): unknown[] {
  const faults: unknown[] = []
  for (const kind of KINDS) {
    const others = process.listeners(kind as 'uncaughtException')
    const collect = (error: unknown) => void faults.push(error)
    process.removeAllListeners(kind)
    process.on(kind, collect)
    onTestFinished(() => {
      process.off(kind, collect)
      for (const other of others) process.on(kind, other as () => void)
    })
  }
  return faults
}
