import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from './client.ts'

/** A Docker engine that answers. */
export interface Engine {
  readonly client: Client
  /** For files that are to be gone when it is stopped. */
  readonly folder: string
  /** Ends it where it was started for the tests; else removes what bears the label. */
  stop(): Promise<void>
}

/** Why there is no engine, and what would help. */
export class NoEngine extends Error {}

/** The engine that answers already, or else one of our own. Rejects with `NoEngine` where neither can be. */
export async function findEngine(label: string): Promise<Engine> {
  if (process.platform !== 'linux') {
    throw new NoEngine('The image is made of the programs of this machine, which has to run Linux.')
  }
  if (!isInstalled('docker')) throw new NoEngine(`There is no docker command. ${REMEDY}`)
  const client = new Client()
  const answers = await client.run('version', '--format', '{{.Server.Version}}').catch(() => '')
  if (answers) return strange(client, label)
  if (process.getuid?.() !== 0) throw new NoEngine(`No Docker engine answers. ${REMEDY}`)
  if (!isInstalled('dockerd')) {
    throw new NoEngine(`No Docker engine answers, and there is no dockerd to start. ${REMEDY}`)
  }
  // vfs works everywhere, and copies the whole image for each container.
  return startEngine('overlay2').catch(() => startEngine('vfs'))
}

const REMEDY =
  "Have an engine listen at DOCKER_HOST or at the default socket; or install Debian's docker.io " +
  '(apt-get install docker.io) and run the tests as root: they start an engine of their own then.'

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`

function isInstalled(command: string): boolean {
  return spawnSync(command, ['--version'], { env: { ...process.env, PATH } }).error === undefined
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'lastcall-docker-'))
}

// Sees to it that nothing is left, also where the tests are killed: it gets SIGTERM then, hands it on,
// and waits for the engine's end. Each wait is over when a signal comes.
const KEEPER = `
  trap 'kill "$engine"' TERM
  "$@" &
  engine=$!
  while kill -0 "$engine"; do wait "$engine"; done 2>&-
  rm -rf "$FOLDER"
`

/** An engine that others may use as well. */
function strange(client: Client, label: string): Engine {
  const folder = newFolder()
  return {
    client,
    folder,
    async stop() {
      rmSync(folder, { recursive: true, force: true })
      const labelled = ['--all', '--filter', `label=${label}`]
      const containers = await client.run('ps', '--quiet', ...labelled)
      if (containers) await client.run('rm', '--force', ...containers.split('\n'))
      // Once for what was built, and once for what it was built from.
      for (const _ of [1, 2]) await client.run('image', 'prune', '--force', ...labelled)
    },
  }
}

/** Starts an engine that needs no network. */
async function startEngine(storage: 'overlay2' | 'vfs'): Promise<Engine> {
  const folder = newFolder()
  const host = `unix://${folder}/docker.sock`
  const dockerd = [
    ...['dockerd', '--iptables=false', '--ip6tables=false', '--bridge=none'],
    ...[`--storage-driver=${storage}`, '--host', host, '--pidfile', `${folder}/docker.pid`],
    ...['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`],
  ]
  // With mounts of its own: none of them can outlive it.
  const keeper = ['sh', '-c', KEEPER, 'keeper', 'unshare', '--mount', '--', ...dockerd]
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...keeper], {
    env: { ...process.env, PATH, FOLDER: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // A Ctrl-C is for the tests, which end it when they are over.
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await listens(child)
  return {
    client: new Client(host),
    folder,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Resolves when the engine says that it listens. */
function listens(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    const refuse = (why: string) => reject(new NoEngine(`dockerd can't be started here: ${why}`))
    child.once('error', ({ message }) => refuse(message))
    child.once('close', () => refuse(log.trim().split('\n').slice(-3).join('\n')))
    child.stderr?.on('data', (chunk) => {
      log = `${log}${chunk}`.slice(-10_000)
      if (log.includes('API listen on')) resolve()
    })
  })
}
