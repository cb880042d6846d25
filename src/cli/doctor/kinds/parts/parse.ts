import type { ExamineContext } from '../../examine-context.ts'
import type { Data } from '../../parse/data.ts'
import { readYaml } from '../../parse/yaml-data.ts'

/** Parses a YAML file. Reports it as unread, and returns `undefined`, if it is not YAML. */
export function parseYaml(
  context: ExamineContext,
): { readonly documents: readonly Data[]; readonly isTemplate: boolean } | undefined {
  const { documents, errors, isTemplate } = readYaml(context.file)
  const [error] = errors
  if (!error) return { documents, isTemplate }
  const what = isTemplate ? 'it is not YAML, even without its {{ }}' : 'it is not YAML'
  context.reportUnread(`${what}: ${error.message}`, context.file.lineOf(error.offset))
  return undefined
}

export function noteTemplate(context: ExamineContext): void {
  context.note('is a template: the values in {{ }} are not known')
}

/** Runs a parser. Reports the file as unread, and returns `undefined`, if it throws. */
export function parseOrReport<T>(
  format: string,
  context: ExamineContext,
  parse: () => T,
): T | undefined {
  try {
    return parse()
  } catch (error) {
    // acorn gives the line, and repeats it in its message. `JSON.parse` gives none.
    const { message, loc } = error as Error & { loc?: { line: number } }
    const [problem] = message.replace(/\s*\(\d+:\d+\)$/, '').split('\n')
    context.reportUnread(`it is not ${format}: ${problem}`, loc?.line)
    return undefined
  }
}
