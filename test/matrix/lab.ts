import assert from 'node:assert/strict'
import type { SpawnOptions } from 'node:child_process'
import { join } from 'node:path'
import { type Ended, Program } from '../support/programs/program.ts'
import { CACHE, type Installed } from './install.ts'
import { killLeftBehind, MARK } from './left-behind.ts'
import type { Project } from './project.ts'

interface ProgramOptions extends SpawnOptions {
  readonly type?: 'module' | 'commonjs'
  /** The options of its shutdown. */
  readonly shutdown?: string
}

/** What is known of how it should end: what isn't named is not looked at. */
type Ending = Partial<Record<'stdout' | 'stderr', string | RegExp>> &
  (
    | { readonly code: number; readonly signal?: never }
    | { readonly code?: never; readonly signal: NodeJS.Signals }
  )

/** Where one feature is tried on one runtime. What it starts is gone when it is closed. */
export class Lab {
  readonly #programs: Program[] = []
  readonly #folder: string
  readonly #mark: string
  #files = 0

  constructor(
    readonly runtime: Installed,
    readonly project: Project,
    feature: number,
  ) {
    this.#folder = `${runtime.name.replace(' ', '-').toLowerCase()}/${feature}`
    this.#mark = join(project.folder, this.#folder)
  }

  /** What a shell would be given to run this file. */
  command(file: string): string[] {
    return [this.runtime.path, ...this.runtime.args, file]
  }

  /** Writes a program of the project; returns where it is. */
  file(code: string, type: ProgramOptions['type'] = 'module'): string {
    this.#files++
    return this.write(`${this.#files}.${type === 'module' ? 'mjs' : 'cjs'}`, code)
  }

  write(name: string, text: string): string {
    return this.project.write(join(this.#folder, name), text)
  }

  /** Runs a few lines of JavaScript on the runtime. */
  run(code: string, { type, shutdown: _, ...options }: ProgramOptions = {}): Program {
    return this.start(this.command(this.file(code, type)), options)
  }

  /** Runs a program that has a shutdown and keeps running, and resolves when it is ready. */
  async service(body: string, options: ProgramOptions = {}): Promise<Program> {
    const program = this.run(withShutdown(body, options.shutdown), options)
    await program.says(/^ready$/m)
    return program
  }

  /** The command line of this package, on the runtime. */
  lastcall(args: readonly string[], options?: SpawnOptions): Program {
    const cli = join(this.project.folder, 'node_modules/lastcall/dist/cli/cli.cjs')
    return this.start([...this.command(cli), ...args], options)
  }

  start(command: readonly string[], options: SpawnOptions = {}): Program {
    const env = {
      ...(options.env ?? process.env),
      DENO_DIR: join(CACHE, 'deno'),
      DENO_NO_UPDATE_CHECK: '1',
      NO_COLOR: '1',
      [MARK]: this.#mark,
    }
    // Away from the terminal, if there is one: a Ctrl-C there is for this process, and it is no terminal's program.
    const usual = { cwd: this.project.folder, detached: true }
    const program = new Program(command, { ...usual, ...options, env })
    this.#programs.push(program)
    return program
  }

  /** What it has to say for itself where it hangs. */
  get programs(): readonly Program[] {
    return this.#programs
  }

  close(): void {
    killLeftBehind(this.#mark)
  }
}

/** Waits for a program's end, and holds it against what it should be. */
export async function endsWith(program: Program, expected: Ending): Promise<Ended> {
  const ended = await program.ended
  const { code = null, signal = null, ...texts } = expected
  assert.deepEqual(
    { code: ended.code, signal: ended.signal },
    { code, signal },
    `ended with ${ended.signal ?? `code ${ended.code}`} instead of ${signal ?? `code ${code}`}: ${JSON.stringify({ stdout: ended.stdout.slice(-600), stderr: ended.stderr.slice(-600) })}`,
  )
  for (const name of ['stdout', 'stderr'] as const) {
    const wanted = texts[name]
    if (wanted instanceof RegExp) assert.match(ended[name], wanted)
    else if (wanted !== undefined) assert.equal(ended[name], wanted)
  }
  return ended
}

export const SAY = `
  const say = (text) => void process.stdout.write(text + '\\n')
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  const hung = () => new Promise(() => {})
`

/** A program that has a shutdown, keeps running, and says `ready` when it listens. */
function withShutdown(body: string, options = `{ grace: '10s' }`): string {
  return `
    import { createShutdown, formatReport } from 'lastcall'
    ${SAY}
    const shutdown = createShutdown({ log: { format: 'text', level: 'warn' }, ...${options} })
    ${body}
    shutdown.listen()
    setInterval(() => {}, 1000)
    say('ready')
  `
}
