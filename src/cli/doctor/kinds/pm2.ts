import { PLATFORMS } from '../../../platform/platforms.ts'
import { launch } from '../launch/command.ts'
import { words } from '../launch/shell.ts'
import { at, type Data, flow, placeOf, set, textAt, texts } from '../parse/data.ts'
import { seconds } from '../parse/durations.ts'
import { readJson, readModule } from '../parse/javascript-data.ts'
import { problemOf } from '../parse/problem-of.ts'
import type { Edit, SourceFile } from '../parse/source.ts'
import { readYaml } from '../parse/yaml.ts'
import { reportLaunch } from '../report-launch.ts'
import type { World } from '../world.ts'

/** `kill_timeout`, where it is not set, in milliseconds: KILL_TIMEOUT in PM2's constants.js. */
const DEFAULT = PLATFORMS.pm2.grace

/** Reads the applications of an ecosystem file; one in JavaScript is read, and never run. */
export function examinePm2(file: SourceFile, world: World): void {
  const root = read(file, world)
  if (root === undefined) return
  const apps = at(root, 'apps') ?? root
  const all = apps.items ?? (apps.entries.has('script') ? [apps] : [])
  if (all.length === 0) {
    const why = 'it has no apps that are written down: what a program makes of it is not known'
    world.unread(file.path, why)
    return
  }
  for (const app of all) examineApp(app, file, world)
}

function read(file: SourceFile, world: World): Data | undefined {
  try {
    if (/\.ya?ml$/.test(file.path)) {
      const { documents, errors } = readYaml(file)
      const [error] = errors
      if (!error) return documents[0]
      world.unread(file.path, `it is no YAML: ${error.message}`, file.lineOf(error.offset))
      return undefined
    }
    if (file.path.endsWith('.json')) return readJson(file)
    const found = readModule(file)
    if (!found)
      world.unread(
        file.path,
        'it exports nothing that is written down: module.exports = { apps: [ … ] } was expected',
      )
    return found
  } catch (error) {
    const { message, line } = problemOf(error)
    const what = file.path.endsWith('.json') ? 'JSON' : 'JavaScript'
    world.unread(file.path, `it is no ${what}: ${message}`, line)
    return undefined
  }
}

function examineApp(app: Data, file: SourceFile, world: World): void {
  const name = textAt(app, 'name') ?? textAt(app, 'script') ?? 'the application'
  const script = textAt(app, 'script')
  if (script === undefined) {
    world.note(file.path, `the script of '${name}' is no literal: not known`)
    return
  }
  if (isForeign(app, script)) {
    world.note(file.path, `'${name}' is no program of Node's`)
    return
  }
  const isTold = checkCommand(app, script, file, world)
  checkTreekill(app, isTold, file, world)
  checkMessage(app, file, world)
  checkReady(app, file, world)
  checkGrace(name, app, file, world)
}

function isForeign(app: Data, script: string): boolean {
  const interpreter = textAt(app, 'interpreter') ?? textAt(app, 'exec_interpreter') ?? ''
  return (
    /(?:^|\/)(?:python|ruby|php|perl)[\d.]*$/.test(interpreter) ||
    /\.(?:py|rb|php|pl)$/.test(script)
  )
}

/** Whether there is something in front of the application. */
function checkCommand(app: Data, script: string, file: SourceFile, world: World): boolean {
  const args = argsOf(at(app, 'args'))
  if (args === undefined) {
    world.note(file.path, 'its args are no literals: not known')
    return false
  }
  const interpreter = textAt(app, 'interpreter') ?? textAt(app, 'exec_interpreter')
  const nodeArgs = argsOf(at(app, 'node_args') ?? at(app, 'interpreter_args')) ?? []
  const [program = '', ...own] = words(script)
  const isJs = /\.[cm]?[jt]sx?$/.test(program)
  const command =
    interpreter !== undefined && interpreter !== 'none'
      ? [interpreter, ...nodeArgs, program, ...own, ...args]
      : isJs
        ? ['node', ...nodeArgs, program, ...own, ...args]
        : [program, ...own, ...args]
  const started = launch(command, world.around(file))
  const key = interpreter !== undefined && at(app, 'interpreter') ? 'interpreter' : 'script'
  const isWatch = started.trouble?.rule === 'watcher-in-front' && at(app, 'node_args') !== undefined
  reportLaunch(world, started, {
    file,
    offset: placeOf(app, isWatch ? 'node_args' : key === 'interpreter' ? key : 'script'),
    by: 'pm2',
    edits: (better) => commandEdits(app, better),
  })
  return started.trouble !== undefined
}

function commandEdits(app: Data, better: readonly string[]): Edit[] {
  const [program = '', ...args] = better
  const isNode = program === 'node' && args.length > 0 && !args[0]?.startsWith('-')
  const [script, rest] = isNode ? [args[0] ?? '', args.slice(1)] : [program, args]
  const value = (text: string) => (/\.ya?ml$/.test(app.file.path) ? text : written(app.file, text))
  const list = (argv: readonly string[]) =>
    app.file.path.endsWith('.json') || /\.ya?ml$/.test(app.file.path)
      ? flow(argv)
      : `[${argv.map((one) => written(app.file, one)).join(', ')}]`
  const edits = set(app, 'script', value(script))
  const hasArgs = app.entries.has('args') || rest.length > 0
  if (hasArgs) edits.push(...set(app, 'args', list(rest)))
  for (const key of ['node_args', 'interpreter_args']) {
    if (app.entries.has(key)) edits.push(...set(app, key, list([])))
  }
  for (const key of ['interpreter', 'exec_interpreter']) {
    if (app.entries.has(key)) edits.push(...set(app, key, value(isNode ? 'node' : 'none')))
  }
  return merged(edits)
}

/** Two keys that are put at the same place go there one after the other. */
function merged(edits: readonly Edit[]): Edit[] {
  const places = new Map<string, Edit>()
  for (const edit of edits) {
    const place = `${edit.start} ${edit.end}`
    const before = places.get(place)?.text ?? ''
    places.set(place, { ...edit, text: before + edit.text })
  }
  return [...places.values()]
}

function written(file: SourceFile, text: string): string {
  return file.path.endsWith('.json') || text.includes("'") ? JSON.stringify(text) : `'${text}'`
}

function argsOf(data: Data | undefined): readonly string[] | undefined {
  if (!data || data.scalar === null) return []
  if (data.isUnknown) return undefined
  return typeof data.scalar === 'string' ? words(data.scalar) : texts(data)
}

function checkTreekill(app: Data, isInFront: boolean, file: SourceFile, world: World): void {
  if (at(app, 'treekill')?.scalar !== false || !isInFront) return
  world.report({
    rule: 'treekill-off',
    file,
    offset: placeOf(app, 'treekill'),
    says: 'treekill: false signals the process that PM2 has started alone, and that is not the application: it hears nothing, is left behind, and holds its port.',
    fix: 'Let PM2 signal all of them.',
    edits: set(app, 'treekill', 'true'),
  })
}

function checkMessage(app: Data, file: SourceFile, world: World): void {
  if (at(app, 'shutdown_with_message')?.scalar !== true) return
  const calls = world.shutdowns(file)
  const deaf = calls.find(
    ({ messages }) => Array.isArray(messages) && !messages.includes('shutdown'),
  )
  if (!deaf) return
  world.report({
    rule: 'message-unheard',
    file,
    offset: placeOf(app, 'shutdown_with_message'),
    says: `shutdown_with_message sends the message 'shutdown' in place of a signal, and the application doesn't listen to it (messages in ${deaf.file}:${deaf.line}): nothing happens until it is killed.`,
    fix: "Let PM2 send SIGINT, or add 'shutdown' to the messages of createShutdown().",
    edits: set(app, 'shutdown_with_message', 'false'),
  })
}

function checkReady(app: Data, file: SourceFile, world: World): void {
  if (at(app, 'wait_ready')?.scalar !== true || world.saysReady !== false) return
  const said = at(app, 'listen_timeout')
  const limit =
    typeof said?.scalar === 'number' ? `, ${seconds(said.scalar)} s` : said ? '' : ', 3 s'
  world.report({
    rule: 'ready-never-said',
    file,
    offset: placeOf(app, 'wait_ready'),
    says: `wait_ready has PM2 wait for the message 'ready', and no source sends it: at a reload every successor is waited for in vain (listen_timeout${limit}), and the old one is stopped whether or not it serves.`,
    fix: "Leave it out, or send 'ready' to the parent, as PM2's documents have it, when the server listens.",
    edits: set(app, 'wait_ready', 'false'),
  })
}

function checkGrace(name: string, app: Data, file: SourceFile, world: World): void {
  const said = at(app, 'kill_timeout')
  const granted = said ? Number(said.scalar ?? Number.NaN) : DEFAULT
  if (Number.isNaN(granted)) {
    world.note(
      file.path,
      `the kill_timeout of '${name}' is no number that is written down: not known`,
    )
    return
  }
  // The library reads kill_timeout itself, where the application names no grace.
  const grace = world.grace(file, undefined, 'PM2')
  if (!grace || grace.value <= granted) return
  world.report({
    rule: 'grace-too-short',
    file,
    offset: said ? placeOf(app, 'kill_timeout') : app.start,
    says: `kill_timeout is ${said ? `${granted} ms` : `not set, so it is ${DEFAULT} ms`}, and the application allows itself ${grace.value} ms (${grace.from}): it is killed in the middle of its hooks, and what comes last, the flush, is lost.`,
    fix: `Grant it ${grace.value}, in milliseconds, or give createShutdown() no grace: it reads kill_timeout itself.`,
    edits: set(app, 'kill_timeout', String(grace.value)),
  })
}
