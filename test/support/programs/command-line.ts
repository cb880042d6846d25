import { type SpawnOptions, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { Failure } from '../../../src/cli/failure.ts'
import { Program } from './program.ts'

const CLI = fileURLToPath(new URL('../../../dist/cli/cli.cjs', import.meta.url))

/** What a shell would be given to run the built command line. */
export const lastcall = (...args: readonly string[]) => [process.execPath, CLI, ...args]

/** A program of a few lines of JavaScript. */
export const node = (code: string) => [process.execPath, '-e', code]

/** A program that says `ready`, and then each of these signals as it hears it. */
export function listener(signals: readonly string[], body = ''): string[] {
  return node(`
    const say = (text) => require('node:fs').writeSync(1, text + '\\n')
    for (const signal of ${JSON.stringify(signals)}) process.on(signal, () => { say(signal); heard(signal) })
    const heard = (signal) => { ${body} }
    setInterval(() => {}, 1000)
    say('ready')
  `)
}

type Options = SpawnOptions & { readonly prefix?: readonly string[] }

/** A real process; a test that ends before it does kills it. */
export class Process extends Program {
  constructor(command: readonly string[], options?: SpawnOptions) {
    super(command, options)
    onTestFinished(() => void this.send('SIGKILL'))
  }
}

/** The built command line. */
export function cli(args: readonly string[], { prefix = [], ...options }: Options = {}): Process {
  return new Process([...prefix, ...lastcall(...args)], options)
}

/** A folder of the test's own, with these files in it. */
export function folder(files: Readonly<Record<string, unknown>> = {}): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'lastcall-cli-')))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    writeFileSync(join(path, name), text)
  }
  return path
}

/** The fields of proc(5)'s stat that tests look at; `undefined` where there is no such process any more. */
export function statOf(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, parent, group, session, terminal] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
    if (state === 'Z' || state === 'X') return undefined
    return {
      parent: Number(parent),
      group: Number(group),
      session: Number(session),
      terminal: Number(terminal),
    }
  } catch {
    return undefined
  }
}

/** Resolves when this holds: nobody tells when a process ends, or a file appears, that is not ours. */
export async function until(holds: () => unknown): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** The pid in a pid file: its first line. */
export function pidIn(file: string): number {
  return Number(readFileSync(file, 'utf8').split('\n')[0])
}

/** The number of a process that has ended. */
export function deadPid(): number {
  return spawnSync('true').pid
}

/** Why something cannot be tried here, for a test's name. */
export function skipped(reason: string | undefined): string {
  return reason === undefined ? '' : ` (skipped: ${reason})`
}

/** Why these words cannot be run here; `undefined` where they can. */
export function refusalOf(command: string, ...args: readonly string[]): string | undefined {
  const { error, status, stderr } = spawnSync(command, args, { encoding: 'utf8', stdio: 'pipe' })
  return error?.message ?? (status === 0 ? undefined : stderr.trim() || `${command} refused`)
}

/** The exit code and the message, which is one line, with which the command line refuses something. */
export function failureOf(work: () => unknown): { code: number; message: string } {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(Failure)
    const { code, message } = error as Failure
    expect(message).not.toContain('\n')
    return { code, message }
  }
  throw new Error('it has not failed')
}
