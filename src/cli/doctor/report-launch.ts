import type { Launch } from './launch/command.ts'
import { fixOf, groupFile, type Starter, saysOf } from './launch/says.ts'
import type { Edit, SourceFile } from './parse/source.ts'
import type { Severity } from './rules.ts'
import type { World } from './world.ts'

/** Tells what is in front of the application, where a deployment starts it. */
export function reportLaunch(
  world: World,
  started: Launch,
  place: {
    readonly file: SourceFile
    readonly offset: number
    readonly by: Starter
    readonly under?: string | undefined
    readonly severity?: Severity
    /** What to write in its place. */
    edits(better: readonly string[]): readonly Edit[]
  },
): void {
  const { trouble, better, programs } = started
  if (!trouble) return
  const { at } = trouble
  const under = trouble.under ?? place.under
  world.report({
    rule: trouble.rule,
    file: at?.file ?? place.file,
    offset: at?.edit.start ?? place.offset,
    says: saysOf({ ...trouble, under }, place.by),
    fix: fixOf(trouble, better),
    edits: trouble.unknown !== undefined ? [] : at ? [at.edit] : place.edits(better),
    adds:
      programs.length > 0
        ? { path: beside(place.file.path, 'lastcall.config.json'), text: groupFile(programs) }
        : undefined,
    ...(place.severity ? { severity: place.severity } : {}),
  })
}

function beside(path: string, name: string): string {
  return path.includes('/') ? path.replace(/[^/]*$/, name) : name
}
