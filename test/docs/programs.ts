import ts from 'typescript'
import { onTestFinished } from 'vitest'
import { installed } from '../support/programs/installed.ts'
import { Script } from '../support/programs/script.ts'
import type { Block } from './markdown.ts'

/** A block of the documents that runs in a process, with the built package. */
export interface Program {
  readonly script: Script
  /** The port that its `server` listens on, once it does. */
  port(): Promise<number>
  /** The directory that it was started in. */
  readonly directory: string
}

/** What the blocks import beside the package itself. */
const PACKAGES = [
  ...['express', 'fastify', 'koa', 'hono', '@hono/node-server', '@hapi/hapi', 'vite'],
  ...['ws', 'socket.io', 'http-proxy-3', 'pino', 'pg'],
]

/** What a program says when it has run to its end, and what its `server` says when it listens. */
const READY = 'ready for a signal'
const PORT = /^listens on (\d+)$/m

/**
 * Starts a block as a reader would, in a directory with nothing but what it imports; more may follow it.
 * `lastcall` is where the package is: by default what was built.
 */
export async function startProgram(block: Block, more = '', lastcall?: string): Promise<Program> {
  const { code, directory } = programOf(block, more, {}, lastcall)
  const type = block.language === 'cjs' ? 'commonjs' : 'module'
  const script = new Script(code, { cwd: directory, type })
  onTestFinished(() => void script.send('SIGKILL'))
  await script.says(READY)
  const port = async () => {
    await script.says('listens on ')
    return Number(PORT.exec(script.stdout)?.[1])
  }
  return { script, port, directory }
}

/** The same, as JavaScript that is not started yet. It says `ready for a signal`. */
export function programOf(
  { code, language }: Block,
  more = '',
  files: Record<string, string> = {},
  lastcall?: string,
) {
  const sayPort = `
    if (typeof server === 'object' && server.on) {
      const sayPort = () => console.log('listens on ' + server.address().port)
      if (server.listening) sayPort()
      else server.on('listening', sayPort)
    }
    ${more}
    console.log('${READY}')
  `
  return {
    directory: installed(PACKAGES, files, lastcall),
    // Port 0 is any free one. A port that is chosen before may be taken by then.
    code: ts.transpile(`${code.replace(/\b300[01]\b/g, '0')}\n${sayPort}`, {
      module: language === 'cjs' ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
    }),
  }
}
