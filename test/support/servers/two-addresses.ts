import dns from 'node:dns'
import { onTestFinished, vi } from 'vitest'

/** Gives `localhost` two addresses for the length of a test, also where /etc/hosts has only one. */
export function twoAddresses(): void {
  type Done = (error: null, ...found: unknown[]) => void
  // Node's own listen() asks as well: before version 22 for one address, and without options.
  const lookup = (name: string, second: { all?: boolean } | Done, third?: Done) => {
    const names = name === 'localhost' ? ['127.0.0.1', '127.0.0.2'] : [name]
    const found = names.map((address) => ({ address, family: 4 }))
    if (typeof second === 'function') process.nextTick(second, null, names[0], 4)
    else if (third) process.nextTick(third, null, ...(second.all ? [found] : [names[0], 4]))
  }
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as never)
  onTestFinished(() => void vi.restoreAllMocks())
}
