import { dirname } from 'node:path'
import { formatDuration } from '../../base/duration.ts'
import {
  lameDuckIn,
  type ShutdownCall,
  type SourcedValue,
  saysReady,
  shutdownCalls,
} from './application.ts'
import type { SourceFile } from './parse/source.ts'
import type { Grace } from './world.ts'

/** What the sources say of the application's own end. */
export class Sources {
  readonly calls: readonly ShutdownCall[]
  readonly saysReady: boolean | undefined
  readonly #lameDuck: SourcedValue<number> | undefined

  constructor(
    files: readonly SourceFile[],
    private readonly given: number | undefined,
  ) {
    this.calls = files.filter(({ text }) => text.includes('createShutdown')).flatMap(shutdownCalls)
    this.saysReady = files.length === 0 ? undefined : files.some(saysReady)
    this.#lameDuck = files.flatMap((file) => lameDuckIn(file) ?? [])[0]
  }

  /** The shutdowns of the nearest directory that has some: a repository may hold several applications. */
  of(file: SourceFile): readonly ShutdownCall[] {
    for (let folder = dirname(file.path); folder !== '.'; folder = dirname(folder)) {
      const near = this.calls.filter((call) => call.file.startsWith(`${folder}/`))
      if (near.length > 0) return near
    }
    return this.calls
  }

  /** The longest of them; `undefined` where one is not to be known. */
  grace(file: SourceFile, assumed: number | undefined, platform: string): Grace | undefined {
    if (this.given !== undefined) return { value: this.given, from: '--grace' }
    const calls = this.of(file)
    if (calls.some(({ grace }) => grace === 'unknown')) return undefined
    const [longest] = calls
      .filter((call): call is ShutdownCall & { grace: number } => typeof call.grace === 'number')
      .sort((a, b) => b.grace - a.grace)
    if (longest) {
      const { grace, file: path, line } = longest
      return { value: grace, from: `grace: ${formatDuration(grace)} in ${path}:${line}` }
    }
    if (assumed === undefined) return undefined
    return { value: assumed, from: `what lastcall assumes under ${platform} unless it is told` }
  }

  signals(file: SourceFile): readonly string[] | undefined {
    const calls = this.of(file)
    if (calls.some(({ signals }) => signals === 'unknown')) return undefined
    const usual = ['SIGTERM', 'SIGINT']
    const heard = calls.flatMap(({ signals }) => (Array.isArray(signals) ? signals : usual))
    return calls.length === 0 ? usual : [...new Set(heard)]
  }

  /** At most 10 s, and half of what the drain may take, unless a source says so. */
  lameDuck(grace: number): number {
    return this.#lameDuck?.value ?? Math.min(10_000, grace / 2)
  }
}
