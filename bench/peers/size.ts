// What installing a contestant leaves on the disk.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Installed, installedPackages, ROOT } from './install.ts'
import type { Part } from './part.ts'
import { inRounds, rowOf } from './rounds.ts'

const run = promisify(execFile)
/** npm's own list of what it has installed. */
const LIST = join('node_modules', '.package-lock.json')

interface Size {
  readonly bytes: number
  readonly packages: number
}

/** Installs it into an empty folder, as a user would, and looks at what is there then. */
async function sizeOf({ name, version }: Installed): Promise<Size> {
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-size-'))
  try {
    const wanted = name === 'lastcall' ? await packed(folder) : `${name}@${version}`
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    const quiet = ['--silent', '--no-audit', '--no-fund', '--ignore-scripts']
    await run('npm', ['install', wanted, ...quiet], { cwd: folder })
    const packages = Object.keys(JSON.parse(readFileSync(join(folder, LIST), 'utf8')).packages)
    return { bytes: bytesIn(join(folder, 'node_modules')), packages: packages.length }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The package as it is published, of what is built now. */
async function packed(folder: string): Promise<string> {
  const where = ['--ignore-scripts', '--silent', '--pack-destination', folder]
  const { stdout } = await run('npm', ['pack', ...where], { cwd: ROOT })
  return join(folder, stdout.trim())
}

/** What the packages' files hold: not npm's own list, and no links to programs. */
function bytesIn(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === '.package-lock.json') continue
    bytes += statSync(join(entry.parentPath, entry.name)).size
  }
  return bytes
}

export const size: Part = {
  name: 'size',
  estimate: () => 25,
  async measure(_options, progress) {
    const packages = installedPackages()
    const all = await inRounds({
      contestants: packages.map(({ name }) => name),
      runs: 1,
      progress,
      what: 'install size',
      measure: (wanted) =>
        sizeOf(packages.find(({ name }) => name === wanted) ?? (packages[0] as Installed)),
    })
    return [
      {
        title: 'Installed into an empty folder',
        head: ['package', 'size of node_modules', 'packages'],
        rows: all.map((one) =>
          rowOf(one, ([found]) => [
            `${((found?.bytes ?? Number.NaN) / 1e6).toFixed(2)} MB`,
            String(found?.packages),
          ]),
        ),
      },
    ]
  },
}
