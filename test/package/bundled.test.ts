import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, describe, expect, test } from 'vitest'
import { Program } from '../support/programs/program.ts'
import { shutdownScript } from '../support/programs/script.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lastcall-bundled-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** An application with the built package in it, as one file. */
async function bundled(format: 'esm' | 'cjs', options: object): Promise<string> {
  const outfile = join(
    folder,
    `app-${Object.keys(options).join('-')}.${format === 'esm' ? 'mjs' : 'cjs'}`,
  )
  const contents = shutdownScript(
    `shutdown.add({ name: 'bad', phase: 'flush', run() { for (;;); } })`,
    // A margin in which a busy machine can say where the loop is.
    `{ grace: '3s', margin: '2.7s' }`,
  )
  await build({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    platform: 'node',
    format,
    outfile,
    logLevel: 'error',
    ...options,
  })
  return outfile
}

describe.each(['esm', 'cjs'] as const)('in an application that is bundled as %s', (format) => {
  test.each([
    ['as it is', {}],
    ['minified', { minify: true }],
    ['minified, with the names kept', { minify: true, keepNames: true }],
    ['compiled for old runtimes', { target: 'es2016' }],
  ])('the watchdog ends a blocked loop: %s', async (_, options) => {
    const program = new Program([process.execPath, await bundled(format, options)], {})
    await program.says('ready')
    const ended = await program.send('SIGTERM').ended
    expect(ended.signal).toBe('SIGKILL')
    expect(ended.stderr).toMatch(/^lastcall: the event loop is blocked by run\d? \(/)
    expect(ended.stderr).toContain(`running: hook 'bad' (flush)`)
  })
})
