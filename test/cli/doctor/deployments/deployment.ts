/** A deployment, as somebody may have it, and what the doctor has to say to it. */
export interface Deployment {
  readonly name: string
  /** Where it was seen, or one like it. */
  readonly seen?: string
  readonly files: Readonly<Record<string, string>>
  /** `file:line rule`, each of them; none for a sound one. */
  readonly finds: readonly string[]
}

/** The source of an application with these options. */
export function app(options = ''): Record<string, string> {
  return {
    'src/server.ts': `import { createShutdown } from 'lastcall'\n\nexport const shutdown: Shutdown = createShutdown(${options})\n`,
  }
}

/** A package.json with these scripts. */
export function manifest(scripts: Readonly<Record<string, string>>): Record<string, string> {
  return { 'package.json': `${JSON.stringify({ name: 'shop', scripts }, null, 2)}\n` }
}
