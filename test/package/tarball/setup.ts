import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The package as it is published. */
    tarball: string
    /** A folder of somebody who has installed it, and the types of Node. */
    application: string
  }
}

/** The oldest TypeScript that has `module: nodenext`; the package's types work with it. */
const OLDEST_TYPESCRIPT = '4.7'

/** Packs what was built, and installs it in an empty folder, as a user does. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-package-'))
  const npm = (...args: string[]) =>
    execFileSync('npm', [...args, '--silent', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  const tarball = join(folder, npm('pack', process.cwd()).trim())
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  npm('install', tarball)
  // Apart from the first: the package has to be found by itself, without what is for its types.
  npm('install', '@types/node@20', `oldest-typescript@npm:typescript@${OLDEST_TYPESCRIPT}`)
  project.provide('tarball', tarball)
  project.provide('application', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
