import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { CACHE, download, type Installed } from '../matrix/install.ts'
import type { Project } from '../matrix/project.ts'
import { casesFile, type Mode, reachFile, typesFile, wrongFile } from './files.ts'
import { gapsOf } from './gaps.ts'
import { type Message, problemsIn } from './messages.ts'
import type { Runner } from './runners.ts'

/** How it went with one runner. */
export interface Tried {
  readonly cases: number
  readonly messages: number
  readonly seconds: number
  readonly problems: readonly string[]
  /** What its fake timers move; `undefined` if it has none. */
  readonly reach: readonly string[] | undefined
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

// Nothing here takes a fifth of it.
const HANGS_AFTER = 60_000

/** What runners say of a process that does not end by itself, or of what a test has left. */
const LEFT =
  /did not exit|open handle|prevents? .* from exiting|close timed out|failed to exit|leak/i

/** The folders of installed packages. Several runners may need the same. */
const folders = new Map<string, Promise<string>>()

function installed(packages: readonly string[]): Promise<string> {
  const name = packages.join('+').replaceAll('/', '+')
  const folder = folders.get(name) ?? installInto(join(CACHE, name), packages)
  folders.set(name, folder)
  return folder
}

async function installInto(folder: string, packages: readonly string[]): Promise<string> {
  if (!existsSync(folder)) await download(packages, folder)
  return folder
}

/** A runner in the folder of a project, with all that it needs. */
export class Trial {
  readonly #folder: string
  readonly #began = Date.now()
  readonly #problems: string[] = []

  constructor(
    readonly runner: Runner,
    readonly runtime: Installed,
    readonly project: Project,
  ) {
    this.#folder = join(project.folder, runner.name.replaceAll(/\W+/g, '-'))
  }

  /** Rejects with what to do about it. */
  async install(): Promise<void> {
    const { packages, config = {} } = this.runner
    mkdirSync(this.#folder)
    this.#write('package.json', '{ "name": "app", "private": true }')
    for (const [name, text] of Object.entries(config)) this.#write(name, text)
    if (packages.length === 0) return
    const place = await installed(packages)
    symlinkSync(join(place, 'node_modules'), join(this.#folder, 'node_modules'))
  }

  async run(): Promise<Tried> {
    const { runner } = this
    const cases = await this.#cases()
    const messages = await this.#messages()
    await this.#types()
    const reach = this.runner.fakeTimers ? await this.#reach() : undefined
    const seconds = (Date.now() - this.#began) / 1000
    const problems = this.#problems.map((problem) => `${runner.name}: ${problem}`)
    return { cases, messages, reach, seconds, problems }
  }

  /** Runs the cases. Returns their number. */
  async #cases(): Promise<number> {
    const { runner } = this
    const modes: Mode[] = this.runner.fakeTimers ? ['real', 'before', 'after'] : ['real']
    const gaps = gapsOf(runner.name)
    const files = modes.map((mode) => this.#file(mode, casesFile(runner, mode, gaps)))
    const groups = runner.isShared ? files.map((file) => [file]) : [files]
    for (const group of groups) {
      const { code, output } = await this.#start(group)
      if (code !== 0) this.#problems.push(`the cases end with code ${code}\n${output}`)
      const [left] = LEFT.exec(output) ?? []
      if (left) this.#problems.push(`the cases have left something: ${left}\n${output}`)
    }
    const results = this.#results() as { mode: Mode; name: string; problem: string | null }[]
    for (const { mode, name, problem } of results) {
      if (problem === null && gaps.includes(name)) {
        this.#problems.push(`'${name}' works (${mode}): take it out of gaps.ts`)
      }
    }
    for (const mode of modes) {
      const has = results.some((one) => one.mode === mode && one.name === 'nothing is left')
      if (!has) this.#problems.push(`not all cases have run (${mode})`)
    }
    return results.length
  }

  /** Lets the wrong expectations fail, with and without colours. Returns the number of messages. */
  async #messages(): Promise<number> {
    const { runner } = this
    const text = wrongFile(runner)
    const file = this.#file('wrong', text)
    const all = (await kitMessages(this.project)).flatMap(({ name, message }) => {
      const line = lineOf(text, name)
      const isKnown = gapsOf(runner.name).includes(name)
      const isMissing = runner.matchers === undefined && name.startsWith('matcher')
      return isKnown || isMissing ? [] : [{ name, message, line }]
    })
    for (const colors of [false, true]) {
      const { code, output } = await this.#start([file], colors)
      const how = colors ? 'with colours' : 'without colours'
      if (code === 0) this.#problems.push('the wrong expectations pass')
      if (output.includes('\x1b[') !== colors) this.#problems.push(`the output is not ${how}`)
      const problems = problemsIn(output, all)
      if (problems.length > 0) {
        const path = join(CACHE, `${runner.name.replaceAll(/\W+/g, '-')}.txt`)
        writeFileSync(path, output)
        this.#problems.push(`${how}, see ${path}:\n  ${problems.join('\n  ')}`)
      }
    }
    return all.length
  }

  /** Compiles a test in TypeScript that uses the matchers. */
  async #types(): Promise<void> {
    const { types, packages } = this.runner
    if (types === undefined) return
    this.#write('types.ts', typesFile(types))
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module: 'preserve',
      target: 'es2022',
      skipLibCheck: true,
      types: ['node', ...typesAmong(packages)],
    }
    this.#write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['types.ts'] }))
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const { code, output } = await this.#spawn(process.execPath, [tsc, '--pretty', 'false'])
    if (code !== 0) this.#problems.push(`the types of the matchers do not compile\n${output}`)
  }

  async #reach(): Promise<string[]> {
    const { output } = await this.#start([this.#file('reach', reachFile(this.runner))])
    const [reached] = this.#results()
    if (!Array.isArray(reached)) this.#problems.push(`its fake timers were not measured\n${output}`)
    return (reached as string[] | undefined) ?? []
  }

  /** What the tests have recorded since the last call. */
  #results(): unknown[] {
    const path = join(this.#folder, 'results.jsonl')
    const text = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
    rmSync(path, { force: true })
    return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line))
  }

  #file(name: string, text: string): string {
    return this.#write(`${name}${this.runner.ending}`, text)
  }

  #write(name: string, text: string): string {
    writeFileSync(join(this.#folder, name), text)
    return name
  }

  /** Runs tests until the runner ends by itself. */
  #start(files: readonly string[], colors = false) {
    const color = colors ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }
    return this.#spawn(this.runtime.path, this.runner.command(files), color)
  }

  async #spawn(program: string, args: readonly string[], env: Record<string, string> = {}) {
    const { PATH, HOME } = process.env
    const child = spawn(program, args, {
      cwd: this.#folder,
      env: { PATH, HOME, COLUMNS: '80', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: HANGS_AFTER,
      killSignal: 'SIGKILL',
    })
    let output = ''
    const onData = (data: string) => {
      output += data
    }
    child.stdout.setEncoding('utf8').on('data', onData)
    child.stderr.setEncoding('utf8').on('data', onData)
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject).on('close', resolve)
    })
    return { code, output }
  }
}

let known: Promise<Message[]> | undefined

/** What the wrong expectations fail with where no runner prints it. */
export function kitMessages(project: Project): Promise<Message[]> {
  known ??= collect(project)
  return known
}

async function collect(project: Project): Promise<Message[]> {
  const imports = `
export const wrong = []
const check = (name, run) => wrong.push({ name, run })
const matchersOf = (value, isMet) =>
  Object.fromEntries(
    Object.entries(shutdownMatchers).map(([name, matcher]) => [
      name,
      (...args) => {
        const { pass, message } = matcher(value, ...args)
        if (pass !== isMet) throw new Error(message())
      },
    ]),
  )
const expect = (value) => ({
  ...matchersOf(value, true),
  not: matchersOf(value, false),
  resolves: { toEndWithin: async (most) => expect(await value).toEndWithin(most) },
})
expect.extend = () => {}`
  const text = wrongFile({ imports, matchers: '', ending: '.mjs' })
  const path = project.write('plain/wrong.mjs', text)
  const { wrong } = (await import(pathToFileURL(path).href)) as {
    wrong: { name: string; run(): Promise<void> }[]
  }
  const messages: Message[] = []
  for (const { name, run } of wrong) {
    const error = await run().catch((error: Error) => error)
    messages.push({ name, message: error?.message ?? 'it was met' })
  }
  return messages
}

/** The line of the expectation in the test of this name. */
function lineOf(text: string, name: string): number {
  const lines = text.split('\n')
  const first = lines.findIndex((line) => line.includes(`check('${name}'`))
  return lines.findIndex((line, index) => index > first && /\bexpect/.test(line)) + 1
}

/** `jest` for `@types/jest@30.0.0`. */
function typesAmong(packages: readonly string[]): string[] {
  return packages
    .filter((spec) => spec.includes('types'))
    .map((spec) => spec.slice(0, spec.lastIndexOf('@')).replace('@types/', ''))
}
