import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { SourceFile } from './parse/source.ts'

export type Kind =
  | 'dockerfile'
  | 'compose'
  | 'systemd'
  | 'pm2'
  | 'package'
  | 'yaml'
  | 'source'
  | 'script'

/** Nothing that somebody deploys is larger, in bytes. */
const LARGEST = 1024 * 1024

/** A directory with more than this in it is not one application's. */
const MOST = 50_000

const SKIPPED = new Set(
  `node_modules .git .hg .svn dist coverage .next .nuxt .yarn .cache .turbo bower_components __tests__`.split(
    ' ',
  ),
)

/** What PM2's documents called its file before it was an ecosystem. */
const PM2_ALSO = new Set(['process.json', 'processes.json', 'process.yml', 'process.yaml'])

/** What was found below a directory, by what it is. */
export interface FoundFile {
  readonly root: string
  readonly paths: ReadonlyMap<Kind, readonly string[]>
  /** What is for development only, by its name. */
  readonly development: readonly string[]
  readonly unread: readonly { readonly path: string; readonly why: string }[]
}

/** Looks for what says something about stopping; a file alone is looked at alone. */
export function findFiles(target: string): FoundFile {
  const path = resolve(target)
  const isFile = statSync(path).isFile()
  const root = isFile ? dirname(path) : path
  const paths = new Map<Kind, string[]>()
  const development: string[] = []
  const unread: { path: string; why: string }[] = []
  for (const file of walk(root, unread)) {
    const kind = kindOf(file)
    if (!kind) continue
    const isDeployment = kind !== 'source' && kind !== 'script'
    if (isFile && isDeployment && join(root, file) !== path) continue
    if (isDeployment && kind !== 'yaml' && isForDevelopment(file) && !isFile) development.push(file)
    else paths.set(kind, [...(paths.get(kind) ?? []), file])
  }
  return { root, paths, development, unread }
}

/** Reads a file; what is no text, or no file, is told with a message. */
export function readSource(root: string, path: string): SourceFile | { readonly why: string } {
  const whole = join(root, path)
  try {
    const stat = statSync(whole)
    if (!stat.isFile()) return { why: 'it is no file' }
    if (stat.size > LARGEST)
      return { why: `it has ${stat.size} bytes, more than the ${LARGEST} that are read` }
    const text = readFileSync(whole, 'utf8')
    if (text.includes('\0') || text.includes('\uFFFD')) return { why: 'it is no text in UTF-8' }

    return new SourceFile(path, text)
  } catch (error) {
    return { why: reason(error) }
  }
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EACCES') return 'it may not be read'
  if (code === 'ENOENT') return 'it is a link to nothing'
  if (code === 'ELOOP') return 'it is a link to itself'
  return message
}

function* walk(root: string, unread: { path: string; why: string }[]): Generator<string> {
  const waiting = ['']
  let count = 0
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    let entries: Dirent[]
    try {
      entries = readdirSync(join(root, folder), { withFileTypes: true })
    } catch (error) {
      unread.push({ path: folder || '.', why: reason(error) })
      continue
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (++count > MOST) {
        unread.push({
          path: folder || '.',
          why: `there are more than ${MOST} files: the rest was not looked at`,
        })
        return
      }
      // Directories behind links are somebody else's, or this one again.
      if (!entry.isDirectory()) yield path
      else if (!SKIPPED.has(entry.name)) {
        waiting.push(path)
        // Docker makes a directory of a file that is mounted and isn't there.
        if (/^(dockerfile|compose|systemd|pm2|package)$/.test(kindOf(path) ?? '')) yield path
      }
    }
  }
}

/** What a file is, by its name alone. */
function kindOf(path: string): Kind | undefined {
  const name = basename(path)
  if (/^package\.json$/.test(name)) return 'package'
  if (/^(.+\.)?(dockerfile|containerfile)(\.[\w-]+)?$/i.test(name)) {
    return /\.(dockerignore|md|txt|[cm]?[jt]s|json|ya?ml|sh|j2|tpl)$/i.test(name)
      ? undefined
      : 'dockerfile'
  }
  if (/^(docker-|podman-)?compose([.-][\w.-]+)?\.ya?ml$/.test(name)) return 'compose'
  if (/\.service$/.test(name) || /\.service\.d\/[^/]+\.conf$/.test(path)) return 'systemd'
  if (/^(ecosystem|pm2)([.-][\w.-]+)?\.(json|ya?ml)$/.test(name)) return 'pm2'
  if (/^(ecosystem([.-][\w.-]+)?|pm2[.-]config)\.[cm]?js$/.test(name)) return 'pm2'
  if (PM2_ALSO.has(name)) return 'pm2'
  if (/\.ya?ml$/.test(name)) return 'yaml'
  if (/\.(sh|bash)$/.test(name) || /entrypoint/.test(name)) return 'script'
  const isTest =
    /(^|\/)(tests?|spec|examples?|fixtures|bench)\//.test(path) ||
    /\.(test|spec|d)\.[cm]?[jt]sx?$/.test(name)
  if (/\.[cm]?[jt]sx?$/.test(name) && !isTest) return 'source'
  return undefined
}

/** Files that only somebody's own machine starts. */
function isForDevelopment(path: string): boolean {
  if (/(^|\/)(tests?|e2e|fixtures|\.devcontainer)\//.test(path)) return true
  return /[.-](dev|devel|development|local|test|tests|testing|ci|e2e|debug|override)([.-]|$)|^(dev|test|ci)\.dockerfile$/i.test(
    basename(path),
  )
}

/** How somebody would name the directory. */
export function projectName(root: string): string {
  const path = relative(resolve('.'), root)
  return path === '' ? '.' : path.startsWith('..') ? root : path.split(sep).join('/')
}
