import { Application } from './application/application.ts'
import type { ShutdownCall } from './application/read-source.ts'
import { ExamineContext } from './examine-context.ts'
import { findFiles, projectName } from './find-files.ts'
import type { Finding, Note, UnreadFile } from './finding.ts'
import { unknownRules } from './ignore.ts'
import { KINDS } from './kinds/index.ts'
import type { Kind } from './kinds/kind.ts'
import { packageJson } from './kinds/package-json.ts'
import { SourceFile } from './parse/source.ts'
import { FileReader } from './read-files.ts'
import { Scripts } from './scripts.ts'

/** Everything that an examination has found. */
export interface Examination {
  readonly directory: string
  /** The shutdowns that the sources create. */
  readonly shutdowns: readonly ShutdownCall[]
  /** The files that were examined. */
  readonly looked: readonly { readonly file: string; readonly kind: string }[]
  readonly findings: readonly Finding[]
  readonly unread: readonly UnreadFile[]
  readonly notes: readonly Note[]
  /** How many findings a `lastcall-ignore` comment has hidden. */
  readonly ignored: number
}

/** Reads what a deployment says about stopping. It runs nothing and writes nothing. */
export function examine(
  target: string,
  options: { readonly grace?: number | undefined } = {},
): Examination {
  const found = findFiles(target)
  const files = new FileReader(found.root)
  const application = new Application(files.readAll(found.sources), options.grace)
  const scripts = new Scripts(files, found.paths.get(packageJson) ?? [], found.scripts)
  const context = new ExamineContext(application, scripts)
  for (const { path, why } of found.unread) context.reportUnread(path, why)
  for (const path of found.development) {
    context.note(path, 'is for development, by its name: not looked at')
  }
  const looked = KINDS.flatMap((kind) =>
    examineKind(kind, found.paths.get(kind) ?? [], files, context).map((file) => ({
      file,
      kind: kind.name,
    })),
  )
  const { findings, unread, notes, ignored } = context
  findings.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
  const directory = projectName(found.root)
  return { directory, shutdowns: application.shutdowns, looked, findings, unread, notes, ignored }
}

/** Examines the files of one kind. Returns the paths of those that were examined. */
function examineKind(
  kind: Kind,
  paths: readonly string[],
  files: FileReader,
  context: ExamineContext,
): string[] {
  const own = kind.isContent
    ? files.readAll(paths).flatMap(({ path, text }) => (kind.isContent?.(text) ? [path] : []))
    : paths
  const groups = kind.group?.(own) ?? new Map(own.map((path) => [path, []]))
  return [...groups].flatMap(([path, parts]) => examineFile(kind, path, parts, files, context))
}

function examineFile(
  kind: Kind,
  path: string,
  partPaths: readonly string[],
  files: FileReader,
  context: ExamineContext,
): string[] {
  const parts = partPaths.flatMap((part) => readable(part, files, context))
  const [file] = readable(path, files, context)
  if (!file) return [...partPaths]
  if (file.text.trim() === '') {
    context.reportUnread(path, 'it is empty')
    return [...partPaths]
  }
  for (const { line, rule } of unknownRules(file)) {
    context.note(path, `line ${line}: lastcall-ignore names '${rule}', which is not a rule`)
  }
  kind.examine(file, context, parts)
  return [path, ...partPaths]
}

/** The file in a list, or an empty list and an entry in `unread`. */
function readable(path: string, files: FileReader, context: ExamineContext): SourceFile[] {
  const file = files.read(path)
  if (file instanceof SourceFile) return [file]
  context.reportUnread(path, file.why)
  return []
}
