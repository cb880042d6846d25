import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** A folder of its own in which the built package is installed, with these of its development's beside it. */
export function installed(packages: readonly string[], files: Record<string, string> = {}): string {
  const directory = install(packages, files)
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The same for several tests: whoever calls it removes the folder. */
export function install(packages: readonly string[], files: Record<string, string> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'lastcall-'))
  const place = (name: string) => join(directory, 'node_modules', name)
  for (const name of packages) {
    mkdirSync(dirname(place(name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), place(name))
  }
  mkdirSync(place(''), { recursive: true })
  symlinkSync(ROOT, place('lastcall'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return directory
}
