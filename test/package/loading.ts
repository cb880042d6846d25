import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Way } from '../support/programs/entries.ts'
import { Script } from '../support/programs/script.ts'

/** What is otherwise in a process once it has loaded a module, compared with a module that is empty. */
export interface Traces {
  /** The names of what it exports. */
  readonly names: readonly string[]
  /** Modules of Node itself. */
  readonly builtins: readonly string[]
  /** `process SIGTERM`, for each listener. */
  readonly listeners: readonly string[]
  /** What `globalThis`, `process` and what is built into the language hold, as paths: `Array.prototype.last`. */
  readonly globals: readonly string[]
  /** Timers, handles and requests of any kind, also those that keep nobody up. */
  readonly resources: readonly string[]
  /** Whether the environment, the working directory or the exit code is another one. */
  readonly settings: readonly string[]
}

/** Loads a module in a process of its own, which has to end by itself, in silence and with 0. */
export async function load(name: string, way: Way): Promise<Traces> {
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-empty-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const empty = join(folder, way === 'import' ? 'empty.mjs' : 'empty.cjs')
  writeFileSync(empty, '')
  const script = new Script(program(name, empty, way), {
    type: way === 'import' ? 'module' : 'commonjs',
  })
  const late = setTimeout(() => script.send('SIGKILL'), 10_000)
  const { code, stdout, stderr } = await script.ended
  clearTimeout(late)
  if (code !== 0 || stderr !== '' || !/^\{.*\}$/.test(stdout)) {
    throw new Error(`${name} does not load in silence: ${JSON.stringify({ code, stdout, stderr })}`)
  }
  return JSON.parse(stdout)
}

/**
 * The empty module comes first: what Node itself needs for loading is there then. stdout is written
 * to as a file at the very end, for to look at `process.stdout` alone opens it.
 */
const program = (name: string, empty: string, way: Way) => `
  const { createHook } = process.getBuiltinModule('async_hooks')
  const { writeSync } = process.getBuiltinModule('fs')
  const pathsOf = (path, holder) => Reflect.ownKeys(holder).map((key) => path + String(key))
  // Of the language alone: to look at Node's own globals loads them.
  const INTRINSICS = ['Object', 'Function', 'Array', 'String', 'Number', 'Symbol', 'Promise', 'Error', 'RegExp',
    'Map', 'Set', 'WeakMap', 'Date', 'Math', 'JSON', 'Reflect']
  const globals = () => [
    ...pathsOf('', globalThis),
    ...INTRINSICS.flatMap((name) => [
      ...pathsOf(name + '.', globalThis[name]),
      ...pathsOf(name + '.prototype.', globalThis[name].prototype ?? {}),
    ]),
    ...pathsOf('process.', process),
  ]
  const listeners = () => process.eventNames().flatMap((name) =>
    process.listeners(name).map((_, n) => 'process ' + String(name) + (n > 0 ? ' ' + (n + 1) : '')))
  const settings = () => [JSON.stringify(process.env), process.cwd(), String(process.exitCode), String(process.umask())]
  const builtins = () => process.moduleLoadList.map((name) => /^NativeModule (?!internal)(.*)$/.exec(name)?.[1])
  const state = () => ({ builtins: builtins(), listeners: listeners(), globals: globals(), settings: settings() })

  let made = []
  createHook({ init: (_id, type) => made.push(type) }).enable()
  ${way === 'import' ? 'const load = (path) => import(path)' : 'const load = async (path) => require(path)'}
  const later = () => new Promise((resolve) => setImmediate(() => setTimeout(resolve, 1)))
  const start = async () => {
    // What it takes to wait, apart: a timer of the module's would hide behind our own.
    await load(${JSON.stringify(empty)})
    const usual = new Set(made)
    await later()
    const before = state()
    made = []
    const names = Object.keys(await load(${JSON.stringify(name)}))
    const resources = made.filter((type) => !usual.has(type))
    await later()
    const after = state()
    const found = Object.entries(after).map(([kind, list]) => [kind, list.filter((one) => !before[kind].includes(one))])
    writeSync(1, JSON.stringify({ names, resources, ...Object.fromEntries(found) }))
  }
  start()
`
