import type { ExamineContext } from '../../examine-context.ts'
import type { Launch } from '../../launch/command.ts'
import { effectOf, fixOf, type Starter } from '../../launch/explain.ts'
import type { Edit, SourceFile } from '../../parse/source.ts'
import type { Severity } from '../../rules.ts'

/** Reports the obstacle between the platform and the application, where the command starts. */
export function reportLaunch(
  context: ExamineContext,
  { obstacle, better, programs }: Launch,
  place: {
    readonly file?: SourceFile
    readonly offset: number
    readonly starter: Starter
    /** The init that the platform puts in front of the command. */
    readonly init?: string | undefined
    readonly severity?: Severity | undefined
    /** Replaces the command with a better one. */
    edits(better: readonly string[]): readonly Edit[]
  },
): void {
  if (!obstacle) return
  const { rule, script, unknownScript } = obstacle
  const init = obstacle.init ?? place.init
  context.report({
    rule,
    file: script?.file ?? place.file,
    offset: script?.edit.start ?? place.offset,
    says: effectOf({ ...obstacle, init }, place.starter),
    fix: fixOf(obstacle, better),
    edits: unknownScript !== undefined ? [] : script ? [script.edit] : place.edits(better),
    adds: programs.length > 0 ? groupFile(place.file ?? context.file, programs) : undefined,
    severity: place.severity,
  })
}

/** The configuration file of `lastcall run --config` for these programs, beside the file. */
function groupFile({ path }: SourceFile, programs: Launch['programs']) {
  const names = programs.map(programName)
  const entries = programs.map(([command = '', ...args], index) => {
    const name = names[index] ?? ''
    return { name: names.indexOf(name) === index ? name : `${name} ${index + 1}`, command, args }
  })
  const text = `${JSON.stringify({ programs: entries }, null, 2)}\n`
  return { path: path.replace(/[^/]*$/, 'lastcall.config.json'), text }
}

function programName(argv: readonly string[]): string {
  const script = argv.slice(1).find((arg) => !arg.startsWith('-')) ?? argv[0] ?? 'program'
  return script.replace(/^.*\//, '').replace(/\.\w+$/, '') || 'program'
}
