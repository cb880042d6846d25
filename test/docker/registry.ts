import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * A registry of npm's that has what is installed here, and this package as it is published: what a
 * Dockerfile installs comes from it, so that no network is needed, and the package need not be out.
 */
export class Registry {
  readonly url: string
  readonly close: () => void

  private constructor(port: number, close: () => void) {
    this.url = `http://127.0.0.1:${port}/`
    this.close = close
  }

  /** Packs this package into the folder, and listens. */
  static async listen(folder: string): Promise<Registry> {
    const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]
    const { stdout } = await promisify(execFile)('npm', pack, { cwd: ROOT })
    const own = join(folder, stdout.trim())
    const packages = installed()
    const server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? '').slice(1)
      const [, name = path, version] = /^(.+)\/-\/(.+)\.tgz$/.exec(path) ?? []
      const versions = packages.get(name)
      const from = versions?.get(version ?? '')
      if (!versions) response.writeHead(404).end('{}')
      else if (version === undefined) response.end(document(name, versions, request.headers.host))
      else if (from === '') response.end(readFileSync(own))
      else pour(from ?? '', response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const close = () => {
      server.close()
      server.closeAllConnections()
    }
    return new Registry((server.address() as AddressInfo).port, close)
  }
}

/** The folders of all packages, by name and version; that of this one is the root. */
function installed(): Map<string, Map<string, string>> {
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8')
  const entries = Object.entries(JSON.parse(lock).packages as Record<string, { version: string }>)
  const packages = new Map<string, Map<string, string>>()
  for (const [path, { version }] of entries) {
    const name = path === '' ? 'lastcall' : path.replace(/^.*node_modules\//, '')
    packages.set(name, (packages.get(name) ?? new Map()).set(version, path))
  }
  return packages
}

/** What npm wants to know of a package before it asks for one of its versions. */
function document(name: string, folders: ReadonlyMap<string, string>, host = ''): string {
  const versions = [...folders].map(([version, folder]) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
    return [version, { ...manifest, dist: { tarball: `http://${host}/${name}/-/${version}.tgz` } }]
  })
  const [latest] = [...folders.keys()]
  return JSON.stringify({
    name,
    'dist-tags': { latest },
    versions: Object.fromEntries(versions),
  })
}

function pour(folder: string, response: ServerResponse): void {
  const files = ['--transform', 's,^[.],package,', '--exclude', './node_modules', '.']
  spawn('tar', ['--create', '--gzip', '--directory', join(ROOT, folder), ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  }).stdout.pipe(response)
}
