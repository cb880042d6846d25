import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test as base, describe, inject } from 'vitest'
import { Client } from './client.ts'
import { Container } from './container.ts'
import type { EngineInTests } from './setup.ts'

/** What a test wants of its container; everything has a default. */
export interface RunOptions {
  /**
   * The Dockerfile, from where the files have been copied to /app. The default is the exec form:
   * `CMD ["node", "app.js"]`.
   */
  readonly dockerfile?: string
  /** What is beside the package in /app, by name. What begins with `#!` can be executed. */
  readonly files?: Readonly<Record<string, string>>
  /** Options of `docker run`. */
  readonly args?: readonly string[]
  /** What is run in place of CMD. */
  readonly command?: readonly string[]
}

/** The image with Node and the package, and what is made of it. */
export class Image {
  readonly #containers: Container[] = []

  /** `docker build` and `docker run`. The container is gone when the test is over. */
  async run({ args = [], command = [], ...build }: RunOptions = {}): Promise<Container> {
    const { client } = engine()
    const flags = ['--detach', '--network', 'none', ...args]
    const id = await client.run('run', ...flags, await built(build), ...command)
    const container = new Container(client, id)
    this.#containers.push(container)
    return container
  }

  async clear(): Promise<void> {
    await Promise.all(this.#containers.map((container) => container.remove()))
  }
}

const provided = inject('docker') ?? { refused: 'they are run by npm run test:docker' }
const reason = 'refused' in provided ? ` (skipped: ${provided.refused})` : ''

/** A test with containers. */
export const test = base.extend<{ image: Image }>({
  image: async ({ onTestFinished }, use) => {
    const image = new Image()
    onTestFinished(() => image.clear())
    await use(image)
  },
})

/** Tests whose containers run side by side; they are skipped, and say why, where there is no engine. */
export function describeContainers(name: string, tests: () => void): void {
  describe.skipIf(reason).concurrent(`${name}${reason}`, tests)
}

/** The engine, where there is one. */
export function engine(): EngineInTests & { readonly client: Client } {
  if ('refused' in provided) throw new Error(provided.refused)
  return { ...provided, client: new Client(provided.host) }
}

// The same Dockerfile with the same files is built once.
const images = new Map<string, Promise<string>>()

function built({
  dockerfile = 'CMD ["node", "app.js"]',
  files = {},
}: Pick<RunOptions, 'dockerfile' | 'files'>): Promise<string> {
  const key = JSON.stringify([dockerfile, files])
  const image = images.get(key) ?? build(dockerfile, files)
  images.set(key, image)
  return image
}

async function build(dockerfile: string, files: Readonly<Record<string, string>>): Promise<string> {
  const { client, image, folder } = engine()
  const context = mkdtempSync(join(folder, 'build-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(context, name), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 })
    }
    const copied = Object.keys(files).map((name) => JSON.stringify(name))
    const copy = copied.length === 0 ? [] : [`COPY [${copied.join(', ')}, "./"]`]
    writeFileSync(
      join(context, 'Dockerfile'),
      [`FROM ${image}`, ...copy, dockerfile, ''].join('\n'),
    )
    return await client.run('build', '--quiet', context)
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}
