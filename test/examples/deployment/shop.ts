import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Stopped } from 'lastcall/testing'
import { install } from '../../support/programs/installed.ts'
import type { Texts } from './folder.ts'

/** How many orders are taken before the stop. */
export const ORDERS = 50

/** The example as somebody has it who has copied, installed and built it. */
export class Shop {
  readonly folder: string
  #runs = 0

  constructor(texts: Texts) {
    this.folder = install(['express', '@types/express', '@types/node'], texts)
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
    execFileSync(process.execPath, [tsc], { cwd: this.folder, stdio: 'inherit' })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }

  /** Runs it as a function of `lastcall/testing` does; orders are taken, and then it is stopped. */
  async stop(
    env: Readonly<Record<string, string>>,
    stop: (command: [string, ...string[]], options: RunOptions) => Promise<Stopped>,
  ): Promise<Stop> {
    const book = join(this.folder, `orders-${this.#runs++}.log`)
    let taken: string[] = []
    let health: Answer[] = []
    const stopped = await stop(['node', 'dist/server.js'], {
      cwd: this.folder,
      env: { ...env, PORT: '0', ORDERS_FILE: book },
      ready: /listening on port \d+/,
      async onReady({ stdout }) {
        const [, port] = /listening on port (\d+)/.exec(stdout) ?? []
        const url = `http://127.0.0.1:${port}`
        taken = await Promise.all(Array.from({ length: ORDERS }, () => order(url)))
        // Once: who asks for readiness again is a prober, who is waited for.
        health = await Promise.all([ask(`${url}/readyz`), ask(`${url}/livez`)])
      },
    })
    const events = eventsIn(stopped.stderr)
    const start = events.find(({ event }) => event === 'start')
    const unbind = events.find(({ event, hook }) => event === 'hook:end' && hook === 'http:unbind')
    if (!start || !unbind) throw new Error(`No shutdown is told of:\n${stopped.stderr}`)
    const waited = (unbind.notes ?? []).find((note) => note.startsWith('lame duck'))
    return {
      stopped,
      start,
      unbind,
      waited,
      taken,
      health,
      written: readFileSync(book, 'utf8').split('\n'),
    }
  }
}

export interface RunOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly ready: RegExp
  onReady(program: { readonly stdout: string }): Promise<void>
}

/** What came of it, and what the program itself has said of its times. */
export interface Stop {
  readonly stopped: Stopped
  readonly start: Event
  /** The hook that stops listening, after the lame duck. */
  readonly unbind: Event
  /** What the program has said of going on to accept after the signal, if it did. */
  readonly waited: string | undefined
  /** The orders that were confirmed, and those in the book: one in each line. */
  readonly taken: readonly string[]
  readonly health: readonly Answer[]
  readonly written: readonly string[]
}

/** A line of the log; a few of its fields. */
interface Event {
  readonly event: string
  readonly hook?: string
  readonly reason?: string
  readonly grace?: number
  readonly deadline?: number
  readonly limit?: number
  readonly duration?: number
  readonly notes?: readonly string[]
}

function eventsIn(stderr: string): Event[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

async function ask(url: string): Promise<Answer> {
  const response = await fetch(url)
  const { status } = (await response.json()) as { status: string }
  return { path: new URL(url).pathname, code: response.status, status }
}

interface Answer {
  readonly path: string
  readonly code: number
  readonly status: string
}

async function order(url: string): Promise<string> {
  const response = await fetch(`${url}/orders`, { method: 'POST' })
  const { id } = (await response.json()) as { id: string }
  return id
}
