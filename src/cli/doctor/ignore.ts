import type { SourceFile } from './parse/source.ts'
import { RULES, type RuleId } from './rules.ts'

/** `# lastcall-ignore shell-in-front: the reason`, also after `//` and `;`. */
const COMMENT = /(?:#|\/\/|;).*?\blastcall-ignore\s+([\w-]+(?:\s*,\s*[\w-]+)*)/

/** Whether a comment on the line, or on the comment lines right above it, hides a finding. */
export function isIgnored(file: SourceFile, line: number, rule: RuleId): boolean {
  if (rulesAt(file, line).includes(rule)) return true
  for (let above = line - 1; above > 0 && /^\s*(#|\/\/|;)/.test(file.line(above)); above--) {
    if (rulesAt(file, above).includes(rule)) return true
  }
  return false
}

/** Unknown rules in `lastcall-ignore` comments. They hide nothing, and the author has to know. */
export function unknownRules(file: SourceFile): { line: number; rule: string }[] {
  if (!file.text.includes('lastcall-ignore')) return []
  return file.text.split('\n').flatMap((_, index) =>
    rulesAt(file, index + 1)
      .filter((rule) => !Object.hasOwn(RULES, rule))
      .map((rule) => ({ line: index + 1, rule })),
  )
}

function rulesAt(file: SourceFile, line: number): string[] {
  return COMMENT.exec(file.line(line))?.[1]?.split(/\s*,\s*/) ?? []
}
