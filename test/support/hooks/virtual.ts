import type { Writable } from 'node:stream'
import { assemble } from '../../../src/create-shutdown.ts'
import type { Shutdown, ShutdownOptions } from '../../../src/shutdown.ts'
import { TestClock } from '../../../src/testing/test-clock.ts'
import { TestProcess } from '../../../src/testing/test-process.ts'

export { settle } from '../../../src/testing/node/settle.ts'

/** The kit's clock, for stand-ins that take their time. */
export class VirtualClock extends TestClock {
  /** A promise that resolves so much later. */
  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.setTimeout(resolve, milliseconds))
  }
}

/** The kit's process, with files and outputs of its own. */
export class VirtualProcess extends TestProcess {
  override pid = 4242
  override ppid = 1000
  override platform = 'linux'
  readonly files = new Set<string>()
  streams: Writable[] = []

  // Also handed in as a function of its own.
  override fileExists = (path: string): boolean => this.files.has(path)

  override outputs(): Writable[] {
    return this.streams
  }

  send(signal: NodeJS.Signals): void {
    this.emit(signal, signal)
  }
}

/** A shutdown in a world of its own, all of whose parts a test can reach. */
export function virtualShutdown(
  options: ShutdownOptions = {},
  world: { process?: VirtualProcess; clock?: VirtualClock } = {},
): { shutdown: Shutdown; process: VirtualProcess; clock: VirtualClock } {
  const { process = new VirtualProcess(), clock = new VirtualClock() } = world
  return { shutdown: assemble(options, { host: process, clock }), process, clock }
}
