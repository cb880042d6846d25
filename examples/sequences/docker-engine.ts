import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Client } from '../../test/docker/client.ts'
import { type Engine, findEngine } from '../../test/docker/engine.ts'
import { importImage } from '../../test/docker/image.ts'

/** What an engine says of itself: `docker events`. */
export interface EngineEvent {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly action: string
  readonly name: string
  readonly signal?: string
  readonly code?: string
}

/** An engine with the image of the shop, in its exec form and in its shell form. */
export async function withEngine<T>(
  use: (engine: Engine & { readonly version: string }) => Promise<T>,
): Promise<T> {
  const label = 'lastcall.sequences=yes'
  const engine = await findEngine(label)
  try {
    const { client, folder } = engine
    await importImage(engine, 'lastcall-sequences-base', label)
    for (const [tag, line] of Object.entries(FORMS)) {
      const context = join(folder, `image-of-${tag}`)
      mkdirSync(context)
      copyFileSync(SHOP, join(context, 'shop.mjs'))
      const lines = ['FROM lastcall-sequences-base', 'COPY shop.mjs ./', line, '']
      writeFileSync(join(context, 'Dockerfile'), lines.join('\n'))
      await client.run('build', '--quiet', '--tag', `lastcall-sequences-${tag}`, context)
    }
    const version = await client.run('version', '--format', '{{.Server.Version}}')
    return await use({ ...engine, version })
  } finally {
    await engine.stop()
  }
}

export const SHOP = fileURLToPath(new URL('shop.mjs', import.meta.url))

const FORMS = {
  exec: 'CMD ["node", "shop.mjs"]',
  shell: 'CMD node shop.mjs',
} as const

/** Records what the engine does to its containers, until it is stopped. */
export async function watchEngine(
  client: Client,
): Promise<{ readonly events: EngineEvent[]; stop(): void }> {
  const events: EngineEvent[] = []
  const child = client.spawn('events', '--filter', 'type=container', '--format', '{{json .}}')
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { Action: action, timeNano, Actor } = JSON.parse(line)
    const { name, signal, exitCode: code } = Actor.Attributes
    events.push({ at: timeNano / 1e6, action, name, signal, code })
  })
  return { events, stop: () => void child.kill() }
}
