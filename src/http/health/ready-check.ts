import { describeError } from '../../base/thrown.ts'
import { errorField, type Log } from '../../observe/log.ts'

/** The application's own check. A probe comes every few seconds, so an error is logged only once. */
export class ReadyCheck {
  #hasFailed = false
  #isLogging = true

  constructor(
    readonly check: () => boolean | Promise<boolean>,
    /** The path of readiness, for the log. */
    readonly path: string,
    readonly log: Log,
  ) {}

  /** Whether the application is ready. It is not where the check throws or rejects. */
  async run(): Promise<boolean> {
    try {
      const { check } = this
      const isReady = await check()
      this.#noteWorks()
      return isReady
    } catch (error) {
      this.#noteFailed(error)
      return false
    }
  }

  /** For the shutdown: a check that still runs may find its database closed. */
  stopLogging(): void {
    this.#isLogging = false
  }

  #noteFailed(thrown: unknown): void {
    if (this.#hasFailed || !this.#isLogging) return
    this.#hasFailed = true
    const error = describeError(thrown)
    this.log.write({
      level: 'error',
      fields: { event: 'readiness:failed', err: errorField(error) },
      msg: `the readiness check failed, so ${this.path} answers 503: ${error.stack ?? `${error.name}: ${error.message}`}`,
    })
  }

  #noteWorks(): void {
    if (!this.#hasFailed || !this.#isLogging) return
    this.#hasFailed = false
    const fields = { event: 'readiness:works' }
    this.log.write({ level: 'info', fields, msg: 'the readiness check works again' })
  }
}
