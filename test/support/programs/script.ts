import type { SpawnOptions } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Program } from './program.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Those of `spawn()`; the kind of module that it is, and what its command begins with. */
export type ScriptOptions = SpawnOptions & {
  readonly type?: 'module' | 'commonjs'
  readonly prefix?: readonly string[]
}

/** A real process that runs a few lines of JavaScript with the built package, as users have it. */
export class Script extends Program {
  constructor(code: string, { type = 'module', prefix = [], ...options }: ScriptOptions = {}) {
    const node = [process.execPath, `--input-type=${type}`, '-e', code]
    super([...prefix, ...node], { cwd: ROOT, ...options })
  }
}

/**
 * A script that has a shutdown, keeps running, and says `ready` when it listens to signals. Of its own it
 * writes what goes wrong, unless the options say otherwise.
 */
export function shutdownScript(body: string, options = '{}'): string {
  return `
    import { createShutdown, formatReport } from 'lastcall'
    const say = (text) => process.stdout.write(text + '\\n')
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
    const shutdown = createShutdown({ log: { format: 'text', level: 'warn' }, ...${options} })
    ${body}
    shutdown.listen()
    setInterval(() => {}, 1000)
    say('ready')
  `
}
