import { posix } from 'node:path'
import { PLATFORMS } from '../../platform/platforms.ts'
import type { ShutdownCall } from './application.ts'
import { diffOf } from './diff.ts'
import { findFiles, type Kind, projectName, readSource } from './files.ts'
import type { Finding } from './finding.ts'
import { isIgnored, unknownRules } from './ignore.ts'
import { examineCompose } from './kinds/compose.ts'
import { examineDockerfile } from './kinds/dockerfile.ts'
import { examineKubernetes, isManifest } from './kinds/kubernetes.ts'
import { examinePackageJson } from './kinds/package-json.ts'
import { examinePm2 } from './kinds/pm2.ts'
import { examineSystemd } from './kinds/systemd.ts'
import type { LaunchContext } from './launch/launch-context.ts'
import { SourceFile } from './parse/source.ts'
import { RULES } from './rules.ts'
import { Sources } from './sources.ts'
import type { Around, World } from './world.ts'

/** Everything that an examination has found. */
export interface Examination {
  readonly directory: string
  /** The shutdowns that the sources create. */
  readonly shutdowns: readonly ShutdownCall[]
  readonly looked: readonly { readonly file: string; readonly kind: string }[]
  readonly findings: readonly Finding[]
  /** What could not be read: nothing is known of it. */
  readonly unread: readonly {
    readonly file: string
    readonly line: number | null
    readonly why: string
  }[]
  readonly notes: readonly { readonly file: string; readonly text: string }[]
  /** Findings that a comment has taken back. */
  readonly ignored: number
}

const POD_GRACE = PLATFORMS.kubernetes.grace

/** Reads what a deployment says about stopping. Nothing is run, and nothing is written. */
export function examine(
  target: string,
  options: { readonly grace?: number | undefined } = {},
): Examination {
  const { root, paths, development, unread: unreachable } = findFiles(target)
  const looked: { file: string; kind: string }[] = []
  const findings: Finding[] = []
  const unread: { file: string; line: number | null; why: string }[] = unreachable.map(
    ({ path, why }) => ({ file: path, line: null, why }),
  )
  const notes = development.map((file) => ({
    file,
    text: 'is for development, by its name: not looked at',
  }))
  let ignored = 0

  const cache = new Map<string, SourceFile | { readonly why: string }>()
  const open = (path: string) => {
    const known = cache.get(path) ?? readSource(root, path)
    cache.set(path, known)
    return known
  }
  const openAll = (kind: Kind) =>
    (paths.get(kind) ?? []).flatMap((path) => {
      const file = open(path)
      return file instanceof SourceFile ? [file] : []
    })
  const sources = new Sources(openAll('source'), options.grace)
  const seen = new Set<string>()

  const world: World = {
    grace: (file, assumed, platform) => sources.grace(file, assumed, platform),
    signals: (file) => sources.signals(file),
    shutdowns: (file) => sources.of(file),
    lameDuck: (file) =>
      sources.lameDuck(sources.grace(file, POD_GRACE, 'Kubernetes')?.value ?? POD_GRACE),
    saysReady: sources.saysReady,
    around: (file, around = {}) => surroundings(file, around),
    report({ rule, file, offset, says, fix, edits, adds, severity = RULES[rule] }) {
      const line = file.lineOf(offset)
      const key = `${file.path}:${line} ${rule} ${says}`
      if (seen.has(key)) return
      seen.add(key)
      if (isIgnored(file, line, rule)) {
        ignored++
        return
      }
      const diff = diffOf(file, edits, adds)
      findings.push({ rule, severity, file: file.path, line, says, fix, diff })
    },
    unread: (file, why, line) => void unread.push({ file, line: line ?? null, why }),
    note: (file, text) => void notes.push({ file, text }),
  }

  function surroundings(
    file: SourceFile,
    { inFront = false, bringsShell = false, copies = new Map() }: Around,
  ): LaunchContext {
    return {
      inFront,
      bringsShell,
      npmScript: (name) => {
        const manifest = nearest(file.path, paths.get('package') ?? [])
        return manifest === undefined ? undefined : scriptOf(open(manifest), name)
      },
      shellScript: (path) => {
        if (!/\.(sh|bash)$|entrypoint|^\.?\.?\/|\//.test(path) && !copies.has(path))
          return undefined
        const name = posix.basename(path)
        const copied =
          copies.get(path) ?? [...copies].find(([to]) => posix.basename(to) === name)?.[1]
        const wanted = posix
          .normalize(posix.join(posix.dirname(file.path), copied ?? path))
          .replace(/^\/+/, '')
        const all = paths.get('script') ?? []
        const same = all.filter((one) => posix.basename(one) === posix.basename(copied ?? name))
        const script = all.includes(wanted) ? wanted : nearest(file.path, same)
        const found = script === undefined ? undefined : open(script)
        return found instanceof SourceFile && isShellScript(found) ? found : undefined
      },
    }
  }

  const look = (kind: string, path: string, run: (file: SourceFile) => void) => {
    const file = open(path)
    if (!(file instanceof SourceFile)) {
      world.unread(path, file.why)
      return
    }
    if (file.text.trim() === '') {
      world.unread(path, 'it is empty')
      return
    }
    looked.push({ file: path, kind })
    for (const { line, rule } of unknownRules(file)) {
      world.note(path, `line ${line}: lastcall-ignore names '${rule}', which is no rule`)
    }
    run(file)
  }
  const each = (kind: Kind, name: string, run: (file: SourceFile, world: World) => void) => {
    for (const path of paths.get(kind) ?? []) look(name, path, (file) => run(file, world))
  }
  each('dockerfile', 'Dockerfile', examineDockerfile)
  each('compose', 'Compose', examineCompose)
  for (const file of openAll('yaml')) {
    if (isManifest(file.text)) look('Kubernetes', file.path, (one) => examineKubernetes(one, world))
  }
  const units = paths.get('systemd') ?? []
  for (const [unit, dropIns] of unitsOf(units)) {
    const files = dropIns.flatMap((path) => {
      const file = open(path)
      if (file instanceof SourceFile) return [file]
      world.unread(path, file.why)
      return []
    })
    look('systemd', unit, (file) => examineSystemd(file, world, files))
    for (const path of dropIns) looked.push({ file: path, kind: 'systemd' })
  }
  each('pm2', 'PM2', examinePm2)
  each('package', 'package.json', examinePackageJson)
  findings.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
  return {
    directory: projectName(root),
    shutdowns: sources.calls,
    looked,
    findings,
    unread,
    notes,
    ignored,
  }
}

/** Each unit with its drop-ins, in the order in which systemd reads them. */
function unitsOf(paths: readonly string[]): Map<string, string[]> {
  const units = new Map(
    paths.filter((path) => path.endsWith('.service')).map((path) => [path, [] as string[]]),
  )
  for (const path of paths.filter((path) => path.endsWith('.conf'))) {
    const unit = posix.dirname(path).replace(/\.d$/, '')
    const same = units.get(unit)
    if (same) same.push(path)
    else units.set(path, [])
  }
  return units
}

/** What is in the same directory, or in the next one above it; else what there is, if that is one. */
function nearest(path: string, candidates: readonly string[]): string | undefined {
  for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
    const here = candidates.find((one) => posix.dirname(one) === folder)
    if (here !== undefined) return here
    if (folder === '.') return candidates.length === 1 ? candidates[0] : undefined
  }
}

function scriptOf(file: SourceFile | { readonly why: string }, name: string): string | undefined {
  try {
    const { scripts } = JSON.parse(file instanceof SourceFile ? file.text : '{}')
    const script = scripts?.[name]
    return typeof script === 'string' ? script : undefined
  } catch {
    return undefined // It is told where package.json is looked at.
  }
}

function isShellScript({ path, text }: SourceFile): boolean {
  const first = /^#![^\n]*/.exec(text)?.[0]
  return first === undefined ? /\.(sh|bash)$/.test(path) : /\b(ba|da|a|z)?sh\b/.test(first)
}
