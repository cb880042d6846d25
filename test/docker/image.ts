import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Engine } from './engine.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * What is in the image, and where: no more than an application needs. The shells are told apart, for
 * they treat their commands differently.
 */
const PROGRAMS: Readonly<Record<string, string>> = {
  '/usr/local/bin/node': process.execPath,
  '/bin/sh': '/bin/dash',
  '/bin/bash': '/bin/bash',
  '/bin/sleep': '/bin/sleep',
  '/usr/bin/env': '/usr/bin/env',
}

/** Makes the image that the tests' own programs are added to: Node, the shells, and the package in /app. */
export async function importImage(
  engine: Pick<Engine, 'client' | 'folder'>,
  tag: string,
  label: string,
): Promise<void> {
  await importPrograms(engine, tag, label, (root) => {
    mkdirSync(join(root, 'app'))
    installPackage(join(root, 'app'))
    return ['WORKDIR /app']
  })
}

/**
 * Makes an image from scratch, of one layer, for nothing can be pulled: `FROM` it others are built. What
 * else is to be in it is put there by a function, which returns what else a Dockerfile would say of it.
 */
export async function importPrograms(
  { client, folder }: Pick<Engine, 'client' | 'folder'>,
  tag: string,
  label: string,
  add: (root: string) => readonly string[],
): Promise<void> {
  const root = mkdtempSync(join(folder, 'image-'))
  try {
    for (const [path, source] of Object.entries(PROGRAMS)) copy(source, join(root, path))
    for (const library of libraries()) copy(library, join(root, library))
    for (const name of ['tmp', 'etc']) mkdirSync(join(root, name))
    // As elsewhere, for who isn't root there.
    chmodSync(root, 0o755)
    chmodSync(join(root, 'tmp'), 0o1777)
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
    const changes = [...add(root), `LABEL ${label}`].flatMap((change) => ['--change', change])
    const tar = spawn('tar', ['--create', '--owner=0', '--group=0', '.'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await client.pipe(tar, 'import', ...changes, '-', tag)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function copy(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(source, target)
}

/** The shared libraries of all programs, their loader included. */
function libraries(): ReadonlySet<string> {
  const listed = execFileSync('ldd', Object.values(PROGRAMS), { encoding: 'utf8' })
  const missing = /^\s*(\S+) => not found/m.exec(listed)
  if (missing) throw new Error(`The library ${missing[1]} was not found`)
  return new Set(Array.from(listed.matchAll(/(\/\S+) \(0x/g), ([, path = '']) => path))
}

/** Installs the package as it is published, with what it depends on at run time. */
function installPackage(app: string): void {
  const lastcall = join(app, 'node_modules/lastcall')
  mkdirSync(lastcall, { recursive: true })
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', app]
  const tarball = join(app, execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8' }).trim())
  execFileSync('tar', ['--extract', '--file', tarball, '--strip-components=1'], { cwd: lastcall })
  rmSync(tarball)
  linkCommands(app, lastcall)
  for (const path of dependencies()) cpSync(join(ROOT, path), join(app, path), { recursive: true })
  writeFileSync(join(app, 'package.json'), '{ "type": "module" }\n')
}

/** Puts the commands of a package to where npm puts them. */
function linkCommands(app: string, folder: string): void {
  const { bin = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    bin?: Readonly<Record<string, string>>
  }
  const commands = join(app, 'node_modules/.bin')
  mkdirSync(commands)
  for (const [name, path] of Object.entries(bin)) {
    chmodSync(join(folder, path), 0o755)
    symlinkSync(relative(commands, join(folder, path)), join(commands, name))
  }
}

/** The folders of what is installed without development, as the lock file has them. */
function dependencies(): string[] {
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(lock) as { packages: Record<string, LockedPackage> }
  return Object.entries(packages).flatMap(([path, { dev, devOptional, peer }]) =>
    path === '' || dev || devOptional || peer ? [] : [path],
  )
}

interface LockedPackage {
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly peer?: boolean
}
