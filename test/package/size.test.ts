import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, describe, expect, test } from 'vitest'
import { ENTRIES, WAYS } from '../support/programs/entries.ts'
import { type Size, sizeOf } from './bundle.ts'

/** The sizes as they were when somebody last found them worth it. */
const FILE = fileURLToPath(new URL('sizes.json', import.meta.url))
const COMMAND = 'RECORD_SIZES=1 npx vitest run test/package/size.test.ts'
const recorded: Record<string, Size> = existsSync(FILE)
  ? JSON.parse(readFileSync(FILE, 'utf8'))
  : {}

/** How much more there may be than was recorded. */
const ROOM = 1.1

const measured: Record<string, Size> = {}
afterAll(() => {
  if (process.env.RECORD_SIZES) writeFileSync(FILE, `${JSON.stringify(measured, null, 2)}\n`)
})

describe.each(ENTRIES)('$name', ({ name, code }) => {
  test.each(WAYS)('by %s is larger than was recorded by a tenth at most', async (way) => {
    const key = `${name} by ${way}`
    const size = await sizeOf(code[way], way)
    measured[key] = size
    if (!process.env.RECORD_SIZES) expect(complaints(key, size)).toEqual([])
  })

  test.each(WAYS)('by %s is nothing in a bundle that uses nothing of it', async (way) => {
    const path = code[way]
    const { outputFiles } = await build({
      stdin: { contents: `import ${JSON.stringify(path)}`, resolveDir: '/' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false,
      logLevel: 'silent',
    })
    expect(outputFiles.map(({ text }) => text.replace(/^\/\/.*\n/gm, ''))).toEqual([''])
  })
})

function complaints(key: string, size: Size): string[] {
  const before = recorded[key]
  if (!before) return [`${key} has no size recorded. Run ${COMMAND}`]
  return (['loaded', 'compressed'] as const)
    .filter((kind) => size[kind] > before[kind] * ROOM)
    .map(
      (kind) =>
        `${key}, ${kind}: ${size[kind]} bytes, ${Math.round((size[kind] / before[kind] - 1) * 100)} % more than the ${before[kind]} that were recorded. ` +
        `What grew: ${growth(before, size)}. Where that is worth it: ${COMMAND}`,
    )
}

function growth(before: Size, after: Size): string {
  return Object.entries(after.modules)
    .map(([name, bytes]) => ({ name, more: bytes - (before.modules[name] ?? 0) }))
    .filter(({ more }) => more > 0)
    .sort((one, other) => other.more - one.more)
    .slice(0, 8)
    .map(({ name, more }) => `${name} by ${more}${name in before.modules ? '' : ' (new)'}`)
    .join(', ')
}
