import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import type { Way } from '../support/programs/entries.ts'

/** What an importer of an entry gets, in bytes. */
export interface Size {
  /** All files of the package that Node reads for it. */
  readonly loaded: number
  /** The same as one file, minified and compressed by gzip. */
  readonly compressed: number
  /** The part of `loaded` that each module of `src`, and each package that is copied in, has. */
  readonly modules: Readonly<Record<string, number>>
}

/**
 * Dependencies that are not copied in are left out: their sizes are not ours, and change with their
 * versions. Which they are is held by test/architecture.test.ts.
 */
export async function sizeOf(file: string, way: Way): Promise<Size> {
  const { outputFiles, metafile } = await build({
    entryPoints: [file],
    bundle: true,
    minify: true,
    packages: 'external',
    platform: 'node',
    target: 'node20.19',
    format: way === 'import' ? 'esm' : 'cjs',
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const parts = Object.keys(metafile.inputs).flatMap((path) =>
    modulesIn(readFileSync(path, 'utf8')),
  )
  const modules: Record<string, number> = {}
  for (const [name, bytes] of parts) modules[name] = (modules[name] ?? 0) + bytes
  return {
    loaded: parts.reduce((sum, [, bytes]) => sum + bytes, 0),
    compressed: gzipSync(outputFiles[0]?.contents ?? '').length,
    modules: Object.fromEntries(Object.entries(modules).sort()),
  }
}

/** The parts of a built file, as the bundler marks them: by a comment before each module. */
function modulesIn(code: string): [name: string, bytes: number][] {
  const [head = '', ...rest] = code.split(/^(?=\/\/ (?:src|node_modules)\/)/m)
  return [['(imports)', head] as const, ...rest.map((part) => [nameOf(part), part] as const)].map(
    ([name, part]) => [name, Buffer.byteLength(part)],
  )
}

function nameOf(part: string): string {
  const [, path = '', name = ''] = /^\/\/ ((?:node_modules\/)?(\S+))/.exec(part) ?? []
  return path.startsWith('node_modules/') ? (name.split('/')[0] ?? name) : path
}
