import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SourceFile } from './parse/source.ts'

/** A file larger than this is not read. No deployment has one. */
const MAX_BYTES = 1024 * 1024

/** Reads the files of a directory, each once. */
export class FileReader {
  readonly #files = new Map<string, SourceFile | { readonly why: string }>()

  constructor(private readonly root: string) {}

  /** The file, or why it cannot be read. */
  read(path: string): SourceFile | { readonly why: string } {
    const file = this.#files.get(path) ?? readSource(this.root, path)
    this.#files.set(path, file)
    return file
  }

  /** The files that can be read. */
  readAll(paths: readonly string[]): SourceFile[] {
    return paths.map((path) => this.read(path)).filter((file) => file instanceof SourceFile)
  }
}

function readSource(root: string, path: string): SourceFile | { readonly why: string } {
  const whole = join(root, path)
  try {
    const stat = statSync(whole)
    if (!stat.isFile()) return { why: 'it is not a file' }
    if (stat.size > MAX_BYTES) {
      return { why: `it has ${stat.size} bytes; at most ${MAX_BYTES} are read` }
    }
    const text = readFileSync(whole, 'utf8')
    if (text.includes('\0') || text.includes('\uFFFD')) return { why: 'it is not text in UTF-8' }
    return new SourceFile(path, text)
  } catch (error) {
    return { why: whyUnreadable(error) }
  }
}

/** A line for an error of the file system. */
export function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EACCES') return 'there is no permission to read it'
  if (code === 'ENOENT') return 'it is a link to a file that does not exist'
  if (code === 'ELOOP') return 'it is a link to itself'
  return message
}
