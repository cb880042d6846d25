import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What programs import besides this package. */
const OTHERS = ['express', 'fastify', 'koa', 'hono', '@hono/node-server', 'ws']

/** A user's project: a folder in which this package is installed as it would be published. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), 'lastcall-matrix-'))

  constructor() {
    const modules = join(this.folder, 'node_modules')
    const own = join(modules, 'lastcall')
    mkdirSync(own, { recursive: true })
    const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', this.folder]
    const file = execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8' }).trim()
    execFileSync('tar', ['-xzf', join(this.folder, file), '-C', own, '--strip-components=1'])
    // Its dependencies, those of the programs, and the types that tests in TypeScript need are those of the repository.
    for (const name of [...OTHERS, 'http-terminator', '@types/node']) {
      const link = join(modules, name)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(join(ROOT, 'node_modules', name), link)
    }
    const dependencies = Object.fromEntries(['lastcall', ...OTHERS].map((name) => [name, '*']))
    this.write('package.json', JSON.stringify({ name: 'app', private: true, dependencies }))
  }

  /** Writes a file into the project; resolves to where it is. */
  write(name: string, text: string): string {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
