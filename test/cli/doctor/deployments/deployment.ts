/** The files of a deployment, and what the doctor finds in them. */
export interface Deployment {
  readonly name: string
  /** Where it, or a similar one, was seen. */
  readonly seen?: string
  readonly files: Readonly<Record<string, string>>
  /** Each finding as `file:line rule`. Empty for a sound deployment. */
  readonly finds: readonly string[]
}

/** The source of an application with these options. */
export function app(options = ''): Record<string, string> {
  return {
    'src/server.ts': `import { createShutdown } from 'lastcall'\n\nexport const shutdown: Shutdown = createShutdown(${options})\nshutdown.listen()\n`,
  }
}

/** A package.json with these scripts. */
export function manifest(scripts: Readonly<Record<string, string>>): Record<string, string> {
  return { 'package.json': `${JSON.stringify({ name: 'shop', scripts }, null, 2)}\n` }
}
