import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGES } from './names.ts'

export const PEERS = fileURLToPath(new URL('.', import.meta.url))
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const installed = (name: string) => join(PEERS, 'node_modules', name)

/** Installs the peers where they are missing, and lastcall beside them. */
export function installPeers(): void {
  if (!PACKAGES.every((name) => existsSync(installed(name)))) {
    process.stderr.write('Installing the peers\n')
    // Some ask for a newer Node than they need: npm's warnings say nothing that the table doesn't.
    execFileSync('npm', ['ci', '--prefix', PEERS, '--silent', '--no-audit', '--no-fund'], {
      stdio: 'inherit',
    })
  }
  // A package of its own can't see lastcall by self reference; npm ci removes what isn't in its lock.
  if (!existsSync(installed('lastcall'))) symlinkSync(ROOT, installed('lastcall'), 'junction')
}

export interface Installed {
  readonly name: string
  readonly version: string
  /** What it says it needs of Node. */
  readonly node: string
}

/** The peers and lastcall, as they are installed. */
export function installedPackages(): Installed[] {
  return [...PACKAGES, 'lastcall'].map((name) => {
    const { version, engines } = JSON.parse(
      readFileSync(join(installed(name), 'package.json'), 'utf8'),
    )
    return { name, version, node: engines?.node ?? 'not said' }
  })
}
