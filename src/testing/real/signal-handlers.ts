import { readFileSync } from 'node:fs'
import { signalNumbers } from '../../runtime/signals.ts'

/** What a process does when it gets a signal; `undefined` if the system does not tell: all but Linux. */
export function reactionTo(
  signal: NodeJS.Signals,
  pid: number,
): 'handles' | 'ignores' | 'is ended' | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const bit = BigInt((signalNumbers()[signal] ?? 0) - 1)
    const has = (field: string) => {
      const [, mask] = new RegExp(`^${field}:\\s*([\\da-f]+)$`, 'm').exec(status) ?? []
      return ((BigInt(`0x${mask}`) >> bit) & 1n) === 1n
    }
    return has('SigCgt') ? 'handles' : has('SigIgn') ? 'ignores' : 'is ended'
  } catch {
    return undefined
  }
}
