import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Runtime } from './runtimes.ts'

/** Kept from one run to the next. They are 100 MB each, which is why they are no devDependencies. */
export const CACHE = fileURLToPath(new URL('../../node_modules/.cache/runtimes', import.meta.url))

/** A runtime that is there to be started. */
export interface Installed extends Runtime {
  readonly path: string
}

/** Installs a runtime where it isn't there yet. Rejects with what to do about it. */
export async function install(runtime: Runtime, say: (line: string) => void): Promise<Installed> {
  const { name, npm, version, binary } = runtime
  const folder = join(CACHE, `${npm.replaceAll('/', '+')}@${version}`)
  const path = join(folder, 'node_modules', npm, binary)
  if (!existsSync(path)) {
    say(`${name}: installing ${npm}@${version}, some 100 MB …`)
    await download([`${npm}@${version}`], folder)
  }
  await startsAs(version, path, folder)
  return { ...runtime, path }
}

/** Installs packages into a folder. Rejects with what to do about it. */
export async function download(packages: readonly string[], folder: string): Promise<void> {
  // Beside its place until it is whole: an install that is broken off leaves nothing that looks installed.
  const half = `${folder}.part`
  rmSync(half, { recursive: true, force: true })
  mkdirSync(half, { recursive: true })
  const args = ['install', '--prefix', half, '--no-save', '--no-audit', '--no-fund', '--force']
  try {
    await promisify(execFile)('npm', [...args, ...packages], { cwd: half })
  } catch (error) {
    const { stderr = String(error) } = error as { stderr?: string }
    throw new Error(
      `could not install ${packages.join(' ')}. Look whether \`npm view\` finds it: the registry may not be reached, or not have it.\n${stderr.trim()}`,
    )
  }
  rmSync(folder, { recursive: true, force: true })
  renameSync(half, folder)
}

/** What is in the cache may be for another system, or not what it is taken for. */
async function startsAs(version: string, path: string, folder: string): Promise<void> {
  let told: string
  try {
    told = (await promisify(execFile)(path, ['--version'])).stdout
  } catch (error) {
    throw new Error(`${path} does not start. Remove ${folder} and try again.\n${error}`)
  }
  if (!told.includes(version)) {
    throw new Error(`${path} is ${told.trim()}, not ${version}. Remove ${folder} and try again.`)
  }
}
