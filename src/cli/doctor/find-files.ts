import { type Dirent, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { UnreadFile } from './examine-context.ts'
import { KINDS } from './kinds/index.ts'
import type { Kind } from './kinds/kind.ts'
import { whyUnreadable } from './read-files.ts'

/** A directory with more files and directories than this is not one application. */
const MAX_ENTRIES = 50_000

const SKIPPED_DIRECTORY =
  /^(node_modules|\.git|\.hg|\.svn|dist|coverage|\.next|\.nuxt|\.yarn|\.cache|\.turbo|bower_components|__tests__)$/

/** Names of files about a Dockerfile: notes on it, a template for it, code that makes it. */
const NOT_DOCKERFILE =
  /^(.+\.)?(dockerfile|containerfile)\.(dockerignore|md|txt|[cm]?[jt]s|json|ya?ml|sh|j2|tpl)$/i

/** The files below a directory. */
export interface FoundFiles {
  readonly root: string
  /** The files of each kind. For a kind with `isContent`, also candidates, not yet checked. */
  readonly paths: ReadonlyMap<Kind, readonly string[]>
  /** The application's own code, and shell scripts. */
  readonly sources: readonly string[]
  readonly scripts: readonly string[]
  /** Files that their names mark as for development only. */
  readonly development: readonly string[]
  readonly unread: readonly UnreadFile[]
}

/** Finds the files to examine. If the target is a file, that is the only deployment file. */
export function findFiles(target: string): FoundFiles {
  const path = resolve(target)
  const isFile = statSync(path).isFile()
  const root = isFile ? dirname(path) : path
  const paths = new Map<Kind, string[]>()
  const sources: string[] = []
  const scripts: string[] = []
  const development: string[] = []
  const unread: UnreadFile[] = []
  for (const file of walk(root, unread)) {
    if (NOT_DOCKERFILE.test(basename(file))) continue
    const kinds = kindsOf(file)
    if (kinds.length === 0) {
      if (isScript(file)) scripts.push(file)
      else if (isSource(file)) sources.push(file)
      continue
    }
    if (isFile && join(root, file) !== path) continue
    const isNamed = kinds.every(({ isContent }) => !isContent)
    if (isNamed && !isFile && isForDevelopment(file)) development.push(file)
    else for (const kind of kinds) paths.set(kind, [...(paths.get(kind) ?? []), file])
  }
  return { root, paths, sources, scripts, development, unread }
}

/** The directory, as the user would name it. */
export function projectName(root: string): string {
  const path = relative(resolve('.'), root)
  return path === '' ? '.' : path.startsWith('..') ? root : path.split(sep).join('/')
}

function* walk(root: string, unread: UnreadFile[]): Generator<string> {
  const folders = ['']
  let entryCount = 0
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    let entries: Dirent[]
    try {
      entries = readdirSync(join(root, folder), { withFileTypes: true })
    } catch (error) {
      unread.push({ file: folder || '.', line: null, why: whyUnreadable(error) })
      continue
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (++entryCount > MAX_ENTRIES) {
        const why = `there are more than ${MAX_ENTRIES} files: the rest was not looked at`
        unread.push({ file: folder || '.', line: null, why })
        return
      }
      // Links to directories are not followed: they lead outside, or into a loop.
      if (!entry.isDirectory()) yield path
      else if (!SKIPPED_DIRECTORY.test(entry.name)) {
        folders.push(path)
        // Docker makes a directory in place of a mounted file that is missing.
        if (kindsOf(path).some(({ isContent }) => !isContent)) yield path
      }
    }
  }
}

/** The kind that a path belongs to. If only its content can tell, all candidates. */
function kindsOf(path: string): readonly Kind[] {
  const kinds = KINDS.filter((kind) => kind.isPath(path))
  const named = kinds.find(({ isContent }) => !isContent)
  return named ? [named] : kinds
}

function isScript(path: string): boolean {
  return /\.(sh|bash)$|entrypoint/.test(basename(path))
}

/** Whether a file, by its path, is the application's own code. Tests and examples are not. */
function isSource(path: string): boolean {
  if (/(^|\/)(tests?|spec|examples?|fixtures|bench)\//.test(path)) return false
  return /\.[cm]?[jt]sx?$/.test(path) && !/\.(test|spec|d)\.[cm]?[jt]sx?$/.test(path)
}

/** Whether a file, by its path, is for a developer's machine or CI only. */
function isForDevelopment(path: string): boolean {
  if (/(^|\/)(tests?|e2e|fixtures|\.devcontainer)\//.test(path)) return true
  return /[.-](dev|devel|development|local|test|tests|testing|ci|e2e|debug|override)([.-]|$)|^(dev|test|ci)\.dockerfile$/i.test(
    basename(path),
  )
}
