import { quote } from 'shell-quote'
import type { ExamineContext } from '../examine-context.ts'
import { followShellText } from '../launch/command.ts'
import { at } from '../parse/data.ts'
import { readJson } from '../parse/javascript.ts'
import type { Kind } from './kind.ts'
import { parseOrReport } from './parts/parse.ts'
import { reportLaunch } from './parts/report-launch.ts'

/** The names of scripts that deployments start. Scripts for development may use a watcher. */
const PRODUCTION_SCRIPTS =
  /^(start|serve|server|production|prod)([:_-](prod|production|server|api|web|worker|app|all))?$/

/** Rules that only warn here: the deployment file that starts the script shows the error. */
const WARNINGS = new Set(['shell-in-front', 'npm-in-front'])

/** Examines the scripts that start an application in production. */
export const packageJson: Kind = {
  name: 'package.json',
  noun: 'package.json',
  isPath: (path) => /(^|\/)package\.json$/.test(path),
  examine: examinePackageJson,
}

function examinePackageJson(context: ExamineContext): void {
  const { file } = context
  const scripts = parseOrReport('JSON', context, () => {
    JSON.parse(file.text) // Stricter than `readJson()`.
    return at(readJson(file), 'scripts')
  })
  for (const [name, { start, value }] of scripts?.entries ?? []) {
    if (!PRODUCTION_SCRIPTS.test(name) || typeof value.scalar !== 'string') continue
    const started = followShellText(
      value.scalar,
      'sh',
      context.launchContext({ runsInShell: true }),
    )
    reportLaunch(context, started, {
      offset: start,
      starter: 'npm',
      severity: WARNINGS.has(started.obstacle?.rule ?? '') ? 'warning' : undefined,
      edits: (better) => {
        const text = better[0] === 'sh' && better[1] === '-c' ? (better[2] ?? '') : scriptOf(better)
        return [{ start: value.start, end: value.end, text: JSON.stringify(text) }]
      },
    })
  }
}

/** A command as a script: npm puts node_modules/.bin into the PATH, and a shell needs no `env`. */
function scriptOf(argv: readonly string[]): string {
  const [program = '', ...args] = argv[0] === 'env' ? argv.slice(1) : argv
  return quote([program.replace('node_modules/.bin/', ''), ...args]).replaceAll('\\=', '=')
}
