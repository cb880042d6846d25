import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect } from 'vitest'
import { changed, readExample } from '../examples/deployment/folder.ts'
import type { Client } from './client.ts'
import { Container } from './container.ts'
import { describeContainers, engine, test } from './docker.ts'
import { importNode } from './node-image.ts'
import { Registry } from './registry.ts'

const execute = promisify(execFile)

const hasCompose = spawnSync('docker-compose', ['--version']).error === undefined
const composeNeeded = hasCompose ? '' : ' (needs docker-compose)'
if (!hasCompose && process.env.CI) throw new Error('There is no docker-compose')

/** How many orders are taken right before the stop. */
const ORDERS = 50

describeContainers('examples/deployment', () => {
  /** What the image is built in. */
  let folder: string
  let image: string

  // The files as they are, but for the names of images: nothing can be pulled, and on an engine that isn't
  // the tests' own the names are somebody's.
  beforeAll(async () => {
    const { client, image: prefix, folder: files } = engine()
    folder = join(files, 'shop')
    image = `${prefix}-shop`
    const node = `${prefix}-node`
    mkdirSync(folder)
    const registry = await Registry.listen(files)
    try {
      await importNode(node, registry.url)
      let texts = changed(readExample(), 'compose.yaml', 'shop:1.0.0', image)
      for (const _ of [1, 2]) {
        texts = changed(texts, 'Dockerfile', 'FROM node:24-slim', `FROM ${node}`)
      }
      for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text)
      const lock = ['install', '--package-lock-only', '--registry', registry.url, '--no-audit']
      await execute('npm', [...lock, '--cache', join(files, 'npm')], { cwd: folder })
      await client.run('build', '--network', 'host', '--tag', image, folder)
    } finally {
      registry.close()
    }
    return async () => void (await client.run('rmi', '--force', image, node))
  }, 120_000)

  test('the image of the Dockerfile: node is PID 1, not root, and without what only the build needs', async ({
    onTestFinished,
  }) => {
    const container = await run(onTestFinished)
    const seen = await container.exec('node', '-p', SEEN)
    expect(JSON.parse(seen)).toEqual({
      pid1: 'node dist/server.js',
      user: 1000,
      modules: expect.arrayContaining(['express', 'lastcall']),
      files: ['dist', 'node_modules', 'package.json'],
    })
    expect(seen).not.toContain('typescript')
  })

  test('docker stop: what was confirmed is written down, and the code is 0', async ({
    onTestFinished,
  }) => {
    const container = await run(onTestFinished)
    const taken = await order(container)
    const { code, stderr } = await container.stop({ time: 30 })
    expect(stderr).toContain('deadline 23 s (grace 25 s, set by the application)')
    expect(await written(container)).toEqual(taken)
    expect(code).toBe(0)
  })

  test.skipIf(!hasCompose)(
    `docker-compose: it gets healthy, has 30 s, and isn't kept by its own health check${composeNeeded}`,
    async ({ onTestFinished }) => {
      const { client } = engine()
      const compose = (...args: string[]) => runCompose(client, folder, args)
      onTestFinished(async () => void (await compose('down', '--volumes')))
      await compose('up', '--no-build', '--detach')
      const container = new Container(client, await compose('ps', '--quiet', 'shop'))
      // Who asks twice is a prober, for whom the service goes on if he asks often.
      await asked(container, 2)
      const { Config, State } = JSON.parse(
        await client.run('inspect', '--format', '{{json .}}', container.id),
      )
      expect(State.Health.Status).toBe('healthy')
      expect(Config.StopTimeout).toBe(30)
      const taken = await order(container)
      await compose('stop')
      const { code, stderr } = await container.ended()
      expect(stderr).toMatch(/shutdown complete in \d+ ms: 5 hooks done/)
      expect(stderr).toMatch(/the lame duck does not wait for a prober that asks every 5\S* s:/)
      expect(stderr).not.toContain('lame duck of')
      expect(await written(container)).toEqual(taken)
      expect(code).toBe(0)
    },
  )

  async function run(onTestFinished: (remove: () => Promise<void>) => void): Promise<Container> {
    const { client } = engine()
    const id = await client.run('run', '--detach', '--network', 'none', image)
    const container = new Container(client, id)
    onTestFinished(() => container.remove())
    return container.says('listening on port 3000')
  }
})

/** What can be seen from within. */
const SEEN = `JSON.stringify({
  pid1: fs.readFileSync('/proc/1/cmdline', 'utf8').split('\\0').join(' ').trim(),
  user: process.getuid(),
  modules: fs.readdirSync('node_modules'),
  files: fs.readdirSync('.'),
})`

/** Takes orders, all at once, and returns their numbers. */
async function order(container: Container): Promise<string[]> {
  const one = `fetch('http://127.0.0.1:3000/orders', { method: 'POST' }).then((answer) => answer.json())`
  const all = `Promise.all(Array.from({ length: ${ORDERS} }, () => ${one}))`
  const answers = await container.exec(
    'node',
    '-e',
    `${all}.then((ids) => console.log(JSON.stringify(ids)))`,
  )
  const ids = (JSON.parse(answers) as { id: string }[]).map(({ id }) => id)
  expect(new Set(ids).size).toBe(ORDERS)
  return ids.sort()
}

/** What stands in the book of a container that has ended. */
async function written({ client, id }: Container): Promise<string[]> {
  const book = join(engine().folder, `${id}.log`)
  await client.run('cp', `${id}:/tmp/orders.log`, book)
  return readFileSync(book, 'utf8').trim().split('\n').sort()
}

/** Waits until the health check has been done so often. */
async function asked({ client, id }: Container, times: number): Promise<void> {
  const about = ['--filter', `container=${id}`, '--filter', 'event=exec_die']
  const events = client.spawn('events', '--since', '10m', '--format', '{{.Status}}', ...about)
  try {
    let told = ''
    for await (const chunk of events.stdout.setEncoding('utf8')) {
      told += chunk
      if (told.split('\n').length > times) return
    }
  } finally {
    events.kill()
  }
}

/** In the folder, with a port of its own. */
async function runCompose({ host }: Client, cwd: string, args: string[]): Promise<string> {
  const env = { ...process.env, PORT: '0', ...(host === undefined ? {} : { DOCKER_HOST: host }) }
  const project = `lastcall-${process.pid}`
  const { stdout } = await execute('docker-compose', ['--project-name', project, ...args], {
    cwd,
    env,
  })
  return stdout.trim()
}
