import { formatDuration } from '../../base/duration.ts'
import { firstTen, plural } from '../../base/summarize.ts'
import type { CloseSettings } from './options.ts'

/** Why a WebSocket was not waited for any longer. */
type Why = 'silent' | 'silent at the limit' | 'gone'

/** What became of the WebSockets, for the notes of the hook. */
export class CloseReport {
  asked = 0
  /** Those whose clients answered the close. */
  answered = 0
  readonly #ended = new Map<Why, string[]>()

  constructor(readonly settings: CloseSettings) {}

  /** Counts a WebSocket that is not waited for any longer. `line` describes it. */
  ended(why: Why, line: string): void {
    const lines = this.#ended.get(why) ?? []
    this.#ended.set(why, lines)
    lines.push(line)
  }

  closed(): string[] {
    return this.asked === 0
      ? []
      : [`${plural(this.asked, 'WebSocket')} closed, ${this.answered} of them cleanly`]
  }

  stragglers(): string[] {
    return [...this.#ended].flatMap(([why, lines]) => {
      const named = why === 'gone' ? 'not waited for' : 'ended'
      const list = firstTen(lines, 'WebSocket').map((line) => `${named}: ${line}`)
      return [this.#count(why, lines.length), ...list]
    })
  }

  #count(why: Why, count: number): string {
    const [client, was] = count === 1 ? ['client', 'was'] : ['clients', 'were']
    const those = `${plural(count, 'WebSocket')} whose ${client}`
    const { stragglers, goneClients } = this.settings
    switch (why) {
      case 'silent':
        return `${those} did not answer the close within ${formatDuration(stragglers)} ${was} ended`
      case 'silent at the limit':
        return `${those} had not answered the close ${was} ended just before the limit`
      case 'gone':
        return `${those} had left ${was} still busy ${formatDuration(goneClients)} later`
    }
  }
}
