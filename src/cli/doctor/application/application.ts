import { dirname } from 'node:path'
import { formatDuration } from '../../../base/duration.ts'
import { PLATFORMS } from '../../../platform/platforms.ts'
import type { SourceFile } from '../parse/source.ts'
import { lameDuckIn, type ShutdownCall, sendsReady, shutdownCalls } from './read-source.ts'

const POD_GRACE = PLATFORMS.kubernetes.grace

/** How long the application may take from the stop signal to its end. */
export interface Grace {
  /** In milliseconds. */
  readonly value: number
  /** The source, for the user: `grace: 25 s in src/server.ts:4`. */
  readonly from: string
}

/** What the sources of the application say about its shutdown. */
export class Application {
  readonly shutdowns: readonly ShutdownCall[]
  /** Whether a source sends `'ready'` to its parent; `undefined` if there are no sources. */
  readonly sendsReady: boolean | undefined
  readonly #lameDuck: number | undefined

  constructor(
    sources: readonly SourceFile[],
    /** The value of `--grace`, in milliseconds. It overrides what the sources say. */
    private readonly givenGrace: number | undefined,
  ) {
    this.shutdowns = sources
      .filter(({ text }) => text.includes('createShutdown'))
      .flatMap(shutdownCalls)
    this.sendsReady = sources.length === 0 ? undefined : sources.some(sendsReady)
    this.#lameDuck = sources.flatMap((file) => lameDuckIn(file) ?? [])[0]
  }

  /**
   * The shutdowns that a deployment file deploys: those below the nearest directory that has any. A
   * repository may hold several applications.
   */
  shutdownsFor(file: SourceFile): readonly ShutdownCall[] {
    for (let folder = dirname(file.path); folder !== '.'; folder = dirname(folder)) {
      const near = this.shutdowns.filter((call) => call.file.startsWith(`${folder}/`))
      if (near.length > 0) return near
    }
    return this.shutdowns
  }

  /**
   * The longest grace of the file's shutdowns; `undefined` if one of them is not known.
   *
   * @param assumed the library's default on this platform, in milliseconds; `undefined` if it asks the platform
   */
  grace(file: SourceFile, assumed: number | undefined, platform: string): Grace | undefined {
    if (this.givenGrace !== undefined) return { value: this.givenGrace, from: '--grace' }
    const calls = this.shutdownsFor(file)
    if (calls.some(({ grace }) => grace === 'unknown')) return undefined
    const graces = calls.flatMap(({ grace, file: path, line }) =>
      typeof grace === 'number'
        ? [{ value: grace, from: `grace: ${formatDuration(grace)} in ${path}:${line}` }]
        : [],
    )
    const [longest] = graces.sort((one, other) => other.value - one.value)
    if (longest) return longest
    if (assumed === undefined) return undefined
    return { value: assumed, from: `the default of lastcall under ${platform}` }
  }

  /** The signals that start the file's shutdowns; `undefined` if not known. */
  signals(file: SourceFile): readonly string[] | undefined {
    const calls = this.shutdownsFor(file)
    if (calls.some(({ signals }) => signals === 'unknown')) return undefined
    const defaults = ['SIGTERM', 'SIGINT']
    const heard = calls.flatMap(({ signals }) => (Array.isArray(signals) ? signals : defaults))
    return calls.length === 0 ? defaults : [...new Set(heard)]
  }

  /** The longest duration of a lame duck under Kubernetes, in milliseconds. */
  lameDuck(file: SourceFile): number {
    const grace = this.grace(file, POD_GRACE, 'Kubernetes')?.value ?? POD_GRACE
    return this.#lameDuck ?? Math.min(10_000, grace / 2)
  }
}
