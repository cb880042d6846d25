import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** A new folder in which the built package is installed, and these packages of its development. */
export function installed(
  packages: readonly string[],
  files: Record<string, string> = {},
  lastcall = ROOT,
): string {
  const directory = install(packages, files, lastcall)
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The same for several tests: the caller removes the folder. */
export function install(
  packages: readonly string[],
  files: Record<string, string> = {},
  lastcall = ROOT,
): string {
  const directory = mkdtempSync(join(tmpdir(), 'lastcall-'))
  const place = (name: string) => join(directory, 'node_modules', name)
  for (const name of packages) {
    mkdirSync(dirname(place(name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), place(name))
  }
  mkdirSync(place(''), { recursive: true })
  symlinkSync(lastcall, place('lastcall'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return directory
}
