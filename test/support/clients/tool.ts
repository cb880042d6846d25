import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** A program of nghttp2's, which a test runs where it is installed. */
export class Tool {
  readonly isInstalled: boolean

  constructor(readonly command: string) {
    this.isInstalled = spawnSync(command, ['--version']).error === undefined
  }

  /** The rest of a test's name: says what is missing where the test is skipped. */
  get needed(): string {
    return this.isInstalled ? '' : ` (needs ${this.command}, of Debian's nghttp2-client)`
  }

  /** Resolves, when it has ended, with all that it wrote. */
  async run(...args: string[]): Promise<string> {
    const child = spawn(this.command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    await once(child, 'close')
    return output
  }
}
