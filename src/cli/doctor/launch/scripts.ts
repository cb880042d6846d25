import { posix } from 'node:path'
import { SourceFile } from '../parse/source.ts'
import type { FileReader } from '../read-files.ts'

/** Where a command is started, and what it may refer to. */
export interface LaunchContext {
  /** The text of a script of package.json. */
  npmScript(name: string): string | undefined
  shellScript(path: string): SourceFile | undefined
  /** Whether the command is the main one of a container, which ends with it. */
  readonly inContainer: boolean
  /** Whether a shell runs it anyway, as in npm scripts. A single command then needs no `exec`. */
  readonly runsInShell: boolean
}

/** How a file starts its commands. */
export interface LaunchOptions {
  readonly inContainer?: boolean
  readonly runsInShell?: boolean
  /** For an image: the paths of its files, each with the path in the build context. */
  readonly copies?: ReadonlyMap<string, string>
}

/** Finds the scripts that commands refer to: those of package.json, and shell scripts. */
export class Scripts {
  constructor(
    private readonly files: FileReader,
    private readonly packageJsons: readonly string[],
    private readonly shellScripts: readonly string[],
  ) {}

  launchContext(file: SourceFile, options: LaunchOptions = {}): LaunchContext {
    const { inContainer = false, runsInShell = false, copies = new Map() } = options
    return {
      inContainer,
      runsInShell,
      npmScript: (name) => this.#npmScript(file, name),
      shellScript: (path) => this.#shellScript(file, path, copies),
    }
  }

  #npmScript(from: SourceFile, name: string): string | undefined {
    const path = nearest(from.path, this.packageJsons)
    const file = path === undefined ? undefined : this.files.read(path)
    if (!(file instanceof SourceFile)) return undefined
    try {
      const script = JSON.parse(file.text).scripts?.[name]
      return typeof script === 'string' ? script : undefined
    } catch {
      return undefined // The examiner of package.json reports it.
    }
  }

  #shellScript(
    from: SourceFile,
    path: string,
    copies: ReadonlyMap<string, string>,
  ): SourceFile | undefined {
    if (!/\.(sh|bash)$|entrypoint|\//.test(path) && !copies.has(path)) return undefined
    const name = posix.basename(path)
    const copied = copies.get(path) ?? [...copies].find(([to]) => posix.basename(to) === name)?.[1]
    const wanted = posix.join(posix.dirname(from.path), copied ?? path).replace(/^\/+/, '')
    const wantedName = posix.basename(wanted)
    const sameName = this.shellScripts.filter((one) => posix.basename(one) === wantedName)
    const script = this.shellScripts.includes(wanted) ? wanted : nearest(from.path, sameName)
    const file = script === undefined ? undefined : this.files.read(script)
    return file instanceof SourceFile && isShellScript(file) ? file : undefined
  }
}

/** The candidate in the same directory or the nearest above it; otherwise the only candidate. */
function nearest(path: string, candidates: readonly string[]): string | undefined {
  for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
    const here = candidates.find((one) => posix.dirname(one) === folder)
    if (here !== undefined) return here
    if (folder === '.') return candidates.length === 1 ? candidates[0] : undefined
  }
}

function isShellScript({ path, text }: SourceFile): boolean {
  const first = /^#![^\n]*/.exec(text)?.[0]
  return first === undefined ? /\.(sh|bash)$/.test(path) : /\b(ba|da|a|z)?sh\b/.test(first)
}
