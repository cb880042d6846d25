import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { onTestFinished } from 'vitest'
import { Script } from '../support/script.ts'
import { type Block, ROOT } from './markdown.ts'

/** A block of the documents that runs in a process of its own, against the built package. */
export interface Program {
  readonly script: Script
  readonly port: number
  /** The directory that it was started in. */
  readonly directory: string
}

const READY = 'ready for a signal'

/** Starts a block as a reader would, in a directory with nothing but what it imports. */
export async function startProgram({ code }: Block): Promise<Program> {
  const directory = mkdtempSync(join(tmpdir(), 'lastcall-docs-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(ROOT, join(directory, 'node_modules/lastcall'))
  for (const name of ['express', 'fastify']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(directory, 'node_modules', name))
  }
  const port = await freePort()
  const program = code.replace(/\b3000\b/, String(port)).replace(/\b3001\b/, '0')
  const script = new Script(
    ts.transpile(`${program}\nconsole.log('${READY}')\n`, {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
    }),
    { cwd: directory },
  )
  onTestFinished(() => void script.send('SIGKILL'))
  await script.says(READY)
  return { script, port, directory }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
