import { type ShutdownCall, withoutComments } from './application/read-source.ts'
import type { Results } from './examine-context.ts'
import type { SourceFile } from './parse/source.ts'

/** A server's `listen()` has arguments, a shutdown's has none. `createShutdown()?.listen()` counts too. */
const LISTENS = /\.\s*listen\s*\(\s*\)/
const NOW = /(?<!\b(?:Date|perf\w*|clock|moment|dayjs|DateTime)\s*)\??\.\s*now\s*\(/

/** Reports shutdowns in sources of which none calls `listen()` or `now()`: their hooks can never run. */
export function reportForgottenListen(
  sources: readonly SourceFile[],
  shutdowns: readonly ShutdownCall[],
  results: Results,
): void {
  const codes = sources.map(({ text }) => withoutComments(text))
  if (codes.some((code) => LISTENS.test(code) || NOW.test(code))) return
  for (const { file: path, line, hearsNothing } of shutdowns) {
    const file = sources.find((source) => source.path === path)
    if (!file || hearsNothing) continue
    results.report(file, {
      rule: 'listen-forgotten',
      offset: file.startOf(line),
      says: 'No source calls listen() or now() of this shutdown: SIGTERM ends the process at once, and no hook runs.',
      fix: 'Call shutdown.listen() when the hooks have been added.',
      edits: [],
    })
  }
}
