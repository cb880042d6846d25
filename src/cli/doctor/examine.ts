import { Application } from './application/application.ts'
import type { ShutdownCall } from './application/read-source.ts'
import {
  ExamineContext,
  type Finding,
  type Note,
  Results,
  type UnreadFile,
} from './examine-context.ts'
import { reportForgottenListen } from './examine-sources.ts'
import { findFiles, projectName } from './find-files.ts'
import { unknownRules } from './ignore.ts'
import { KINDS } from './kinds/index.ts'
import type { Kind } from './kinds/kind.ts'
import { packageJson } from './kinds/package-json.ts'
import { Scripts } from './launch/scripts.ts'
import { SourceFile } from './parse/source.ts'
import { FileReader } from './read-files.ts'

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

/** Examines how a deployment stops. Runs nothing and writes nothing. */
export function examine(target: string, options: { grace?: number | undefined } = {}): Examination {
  const { root, paths, ...found } = findFiles(target)
  const files = new FileReader(root)
  const sources = files.readAll(found.sources)
  const application = new Application(sources, options.grace)
  const scripts = new Scripts(files, paths.get(packageJson) ?? [], found.scripts)
  const results = new Results()
  results.unread.push(...found.unread)
  const why = 'is for development, by its name: not looked at'
  results.notes.push(...found.development.map((file) => ({ file, text: why })))
  const looked: { file: string; kind: string }[] = []
  for (const kind of KINDS) {
    for (const [path, partPaths] of groupsOf(kind, paths.get(kind) ?? [], files)) {
      const parts = partPaths.flatMap((part) => readOrReport(part, files, results) ?? [])
      const file = readOrReport(path, files, results)
      if (file?.text.trim() === '') {
        results.unread.push({ file: path, line: null, why: 'it is empty' })
      } else if (file) {
        looked.push({ file: path, kind: kind.name })
        noteUnknownRules(file, results)
        kind.examine(new ExamineContext(file, application, scripts, results), parts)
      }
      looked.push(...partPaths.map((part) => ({ file: part, kind: kind.name })))
    }
  }
  reportForgottenListen(sources, application.shutdowns, results)
  const { findings, unread, notes, ignored } = results
  findings.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
  const { shutdowns } = application
  return { directory: projectName(root), shutdowns, looked, findings, unread, notes, ignored }
}

/** The files of a kind, each with the files that are read together with it. */
function groupsOf(
  kind: Kind,
  paths: readonly string[],
  files: FileReader,
): ReadonlyMap<string, readonly string[]> {
  const own = kind.isContent
    ? files.readAll(paths).flatMap(({ path, text }) => (kind.isContent?.(text) ? [path] : []))
    : paths
  return kind.group?.(own) ?? new Map(own.map((path) => [path, []]))
}

function readOrReport(path: string, files: FileReader, results: Results): SourceFile | undefined {
  const file = files.read(path)
  if (file instanceof SourceFile) return file
  results.unread.push({ file: path, line: null, why: file.why })
  return undefined
}

function noteUnknownRules(file: SourceFile, { notes }: Results): void {
  for (const { line, rule } of unknownRules(file)) {
    const text = `line ${line}: lastcall-ignore names '${rule}', which is not a rule`
    notes.push({ file: file.path, text })
  }
}
