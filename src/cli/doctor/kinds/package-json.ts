import { quote } from 'shell-quote'
import { ofText } from '../launch/command.ts'
import { at } from '../parse/data.ts'
import { readJson } from '../parse/javascript-data.ts'
import { problemOf } from '../parse/problem-of.ts'
import type { SourceFile } from '../parse/source.ts'
import { reportLaunch } from '../report-launch.ts'
import type { World } from '../world.ts'

/** The scripts that deployments start; what is for development may watch as it likes. */
const STARTED =
  /^(start|serve|server|production|prod)([:_-](prod|production|server|api|web|worker|app|all))?$/

const ALSO_ELSEWHERE = /^(shell-in-front|npm-in-front)$/

/** Reads the scripts with which an application is started in production. */
export function examinePackageJson(file: SourceFile, world: World): void {
  const scripts = scriptsOf(file, world)
  for (const [name, { start, value }] of scripts?.entries ?? []) {
    if (!STARTED.test(name) || typeof value.scalar !== 'string') continue
    const started = ofText(value.scalar, 'sh', world.around(file, { bringsShell: true }))
    reportLaunch(world, started, {
      file,
      offset: start,
      by: 'npm',
      // Whether anything starts the application by this script is said elsewhere, and found there.
      ...(ALSO_ELSEWHERE.test(started.trouble?.rule ?? '') ? { severity: 'warning' } : {}),
      edits: (better) => {
        const text =
          better[0] === 'sh' && better[1] === '-c' ? (better[2] ?? '') : commandLine(better)
        return [{ start: value.start, end: value.end, text: JSON.stringify(text) }]
      },
    })
  }
}

/** npm puts node_modules/.bin into the PATH, and `env` before variables is not needed in a shell. */
function commandLine(argv: readonly string[]): string {
  const [program = '', ...args] = argv[0] === 'env' ? argv.slice(1) : argv
  return quote([program.replace('node_modules/.bin/', ''), ...args]).replaceAll('\\=', '=')
}

function scriptsOf(file: SourceFile, world: World) {
  try {
    JSON.parse(file.text)
    return at(readJson(file), 'scripts')
  } catch (error) {
    const { message, line } = problemOf(error)
    world.unread(file.path, `it is no JSON: ${message}`, line)
    return undefined
  }
}
