import { invalidOption } from '../../base/errors.ts'
import { systemClock } from '../../runtime/clock.ts'

/** How many characters of a stream are kept at most: a string of V8 holds some 500 million. */
const MOST_KEPT = 200_000_000

/** How many characters before new output are searched again with it. */
const OVERLAP = 65_536

/** The whole text may be searched for one part of the time in so many. */
const SHARE = 10

/** What a program has written to one stream. */
export class Output {
  /** All of it; of more than 200 million characters, the end. Its parts are joined when it is read. */
  text = ''
  readonly #most: number
  readonly #searches = new Set<Search>()

  constructor(most = MOST_KEPT) {
    this.#most = most
  }

  add(chunk: string): void {
    this.text += chunk
    if (this.text.length > this.#most) {
      // Half of it goes, so that this happens seldom.
      const kept = this.text.slice(-Math.ceil(this.#most / 2))
      this.text = `… (${this.text.length - kept.length} characters are left out)\n${kept}`
    }
    for (const search of this.#searches) search.add(chunk)
  }

  /** Begins to search for a pattern in it, and in what comes. */
  search(pattern: Pattern): Search {
    const search = new Search(this, pattern, () => void this.#searches.delete(search))
    this.#searches.add(search)
    return search
  }
}

/** Whether a text has something in it, at or after a position. */
export interface Pattern {
  isIn(text: string, from: number): boolean
  /** How many characters before new text a match may begin. `undefined`: any number. */
  readonly before: number | undefined
}

/**
 * Searches growing text in linear time. New text is searched together with some of what was before it. A
 * match may be longer than that, so the whole text is searched too, but for a tenth of the time at most.
 */
class Search {
  readonly #output: Output
  readonly #pattern: Pattern
  /** Ends the search. */
  readonly stop: () => void
  /** What came since the last search, after the end of what was there before. */
  #fresh: string[] = []
  #before = ''
  #isWholeDue = true
  #lastTime = 0
  #lastEnd = 0

  constructor(output: Output, pattern: Pattern, stop: () => void) {
    this.#output = output
    this.#pattern = pattern
    this.#before = this.#endOf(output.text)
    this.stop = stop
  }

  add(chunk: string): void {
    this.#fresh.push(chunk)
  }

  /** @param isLast whether nothing new will come: then the whole text is searched in any case */
  isFound(isLast: boolean): boolean {
    return this.#isInFresh() || this.#isInWhole(isLast)
  }

  #isInFresh(): boolean {
    if (this.#fresh.length === 0) return false
    const text = this.#before + this.#fresh.join('')
    // The first character only stands for the text before: `^` does not match after it.
    const isFound = this.#pattern.isIn(text, Math.min(this.#before.length, 1))
    this.#fresh = []
    this.#before = this.#endOf(text)
    this.#isWholeDue ||= this.#pattern.before === undefined
    return isFound
  }

  #endOf(text: string): string {
    return text.slice(-((this.#pattern.before ?? OVERLAP) + 1))
  }

  #isInWhole(isLast: boolean): boolean {
    if (!this.#isWholeDue) return false
    const began = systemClock.now()
    if (!isLast && began - this.#lastEnd < this.#lastTime * SHARE) return false
    this.#isWholeDue = false
    const isFound = this.#pattern.isIn(this.#output.text, 0)
    this.#lastEnd = systemClock.now()
    this.#lastTime = this.#lastEnd - began
    return isFound
  }
}

export type { Search }

/**
 * Checks what a program should write.
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`
 */
export function parsePattern(what: unknown, option = 'what'): Pattern {
  if (typeof what === 'string' && what !== '') {
    return { isIn: (text) => text.includes(what), before: what.length - 1 }
  }
  // Not `instanceof`: test frameworks run tests in another realm, which has another RegExp class.
  if (Object.prototype.toString.call(what) === '[object RegExp]') {
    const { source, flags } = what as RegExp
    const pattern = new RegExp(source, `${flags.replace(/[gy]/g, '')}g`)
    return {
      isIn(text, from) {
        pattern.lastIndex = from
        return pattern.test(text)
      },
      before: undefined,
    }
  }
  const orElse = option === 'ready' ? ', or a function that says whether it is' : ''
  const rule = `what the program writes when it is ready, such as /listening/${orElse}`
  throw invalidOption(option, rule, what)
}
