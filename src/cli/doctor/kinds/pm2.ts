import { PLATFORMS } from '../../../platform/platforms.ts'
import type { ExamineContext } from '../examine-context.ts'
import { followCommand } from '../launch/command.ts'
import { words } from '../launch/shell.ts'
import { at, type Data, jsonList, offsetOfKey, setKey, textAt, textList } from '../parse/data.ts'
import { wholeSeconds } from '../parse/durations.ts'
import { readJson, readModule } from '../parse/javascript.ts'
import type { Edit, SourceFile } from '../parse/source.ts'
import type { Kind } from './kind.ts'
import { reportShortGrace } from './parts/grace.ts'
import { parseOrReport, parseYaml } from './parts/parse.ts'
import { reportLaunch } from './parts/report-launch.ts'

/** The default of kill_timeout, in milliseconds: KILL_TIMEOUT in PM2's constants.js. */
const DEFAULT_GRACE = PLATFORMS.pm2.grace

/** Names of the ecosystem file in older documentation of PM2. */
const OLD_NAMES = new Set(['process.json', 'processes.json', 'process.yml', 'process.yaml'])

/** Examines the applications of an ecosystem file. A file in JavaScript is parsed, and never run. */
export const pm2: Kind = {
  name: 'PM2',
  noun: 'PM2 ecosystem file',
  isPath: (path) => {
    const name = path.replace(/^.*\//, '')
    return (
      /^(ecosystem|pm2)([.-][\w.-]+)?\.(json|ya?ml)$/.test(name) ||
      /^(ecosystem([.-][\w.-]+)?|pm2[.-]config)\.[cm]?js$/.test(name) ||
      OLD_NAMES.has(name)
    )
  },
  examine: examinePm2,
}

function examinePm2(context: ExamineContext): void {
  const root = readEcosystem(context)
  if (root === undefined) return
  const apps = at(root, 'apps') ?? root
  const all = apps.items ?? (apps.entries.has('script') ? [apps] : [])
  if (all.length === 0) {
    context.reportUnread('it has no apps as literals: what the program makes of it is not known')
    return
  }
  for (const app of all) examineApp(app, context)
}

function readEcosystem(context: ExamineContext): Data | undefined {
  const { file } = context
  if (/\.ya?ml$/.test(file.path)) return parseYaml(context)?.documents[0]
  if (file.path.endsWith('.json')) {
    return parseOrReport('JSON', context, () => readJson(file))
  }
  return parseOrReport('JavaScript', context, () => {
    const exported = readModule(file)
    const why =
      'it exports nothing that is a literal: module.exports = { apps: [ … ] } was expected'
    if (!exported) context.reportUnread(why)
    return exported
  })
}

function examineApp(app: Data, context: ExamineContext): void {
  const name = textAt(app, 'name') ?? textAt(app, 'script') ?? 'the application'
  const script = textAt(app, 'script')
  if (script === undefined) {
    context.note(`the script of '${name}' is not a literal, and so not known`)
    return
  }
  if (isForeignScript(app, script)) {
    context.note(`'${name}' is not a Node program`)
    return
  }
  const hasObstacle = checkAppCommand(app, script, context)
  checkTreekill(app, hasObstacle, context)
  checkMessage(app, context)
  checkReady(app, context)
  checkKillTimeout(name, app, context)
}

function isForeignScript(app: Data, script: string): boolean {
  const interpreter = textAt(app, 'interpreter') ?? textAt(app, 'exec_interpreter') ?? ''
  const isForeign = /(?:^|\/)(?:python|ruby|php|perl)[\d.]*$/.test(interpreter)
  return isForeign || /\.(?:py|rb|php|pl)$/.test(script)
}

/** Returns whether an obstacle is in front of the application. */
function checkAppCommand(app: Data, script: string, context: ExamineContext): boolean {
  const args = argsOf(at(app, 'args'))
  if (args === undefined) {
    context.note('its args are not literals, and so not known')
    return false
  }
  const given = textAt(app, 'interpreter') ?? textAt(app, 'exec_interpreter')
  const nodeArgs = argsOf(at(app, 'node_args') ?? at(app, 'interpreter_args')) ?? []
  const own = words(script)
  const byName = /\.[cm]?[jt]sx?$/.test(own[0] ?? '') ? 'node' : undefined
  const interpreter = given === 'none' ? byName : (given ?? byName)
  const front = interpreter === undefined ? [] : [interpreter, ...nodeArgs]
  const started = followCommand([...front, ...own, ...args], context.launchContext())
  const isWatcher = started.obstacle?.rule === 'watcher-in-front'
  const command = textAt(app, 'interpreter') === undefined ? 'script' : 'interpreter'
  reportLaunch(context, started, {
    offset: offsetOfKey(app, isWatcher && at(app, 'node_args') ? 'node_args' : command),
    starter: 'pm2',
    edits: (better) => commandEdits(app, better),
  })
  return started.obstacle !== undefined
}

function commandEdits(app: Data, better: readonly string[]): Edit[] {
  const [program = '', ...args] = better
  const isNode = program === 'node' && args.length > 0 && !args[0]?.startsWith('-')
  const [script, rest] = isNode ? [args[0] ?? '', args.slice(1)] : [program, args]
  const isYaml = /\.ya?ml$/.test(app.file.path)
  const value = (text: string) => (isYaml ? text : quoteText(app.file, text))
  const list = (argv: readonly string[]) =>
    isYaml ? jsonList(argv) : `[${argv.map((one) => quoteText(app.file, one)).join(', ')}]`
  const edits = setKey(app, 'script', value(script))
  const hasArgs = app.entries.has('args') || rest.length > 0
  if (hasArgs) edits.push(...setKey(app, 'args', list(rest)))
  for (const key of ['node_args', 'interpreter_args']) {
    if (app.entries.has(key)) edits.push(...setKey(app, key, list([])))
  }
  for (const key of ['interpreter', 'exec_interpreter']) {
    if (app.entries.has(key)) edits.push(...setKey(app, key, value(isNode ? 'node' : 'none')))
  }
  return joined(edits)
}

/** Joins the edits at the same place, in their order. */
function joined(edits: readonly Edit[]): Edit[] {
  const places = new Map<string, Edit>()
  for (const edit of edits) {
    const place = `${edit.start} ${edit.end}`
    const before = places.get(place)?.text ?? ''
    places.set(place, { ...edit, text: before + edit.text })
  }
  return [...places.values()]
}

function quoteText(file: SourceFile, text: string): string {
  return file.path.endsWith('.json') || text.includes("'") ? JSON.stringify(text) : `'${text}'`
}

function argsOf(data: Data | undefined): readonly string[] | undefined {
  if (!data || data.scalar === null) return []
  if (data.isUnknown) return undefined
  return typeof data.scalar === 'string' ? words(data.scalar) : textList(data)
}

function checkTreekill(app: Data, hasObstacle: boolean, context: ExamineContext): void {
  if (at(app, 'treekill')?.scalar !== false || !hasObstacle) return
  context.report({
    rule: 'treekill-off',
    says: 'treekill: false signals only the process that PM2 has started, and that is not the application: the application gets no signal, keeps running, and holds its port.',
    fix: 'Let PM2 signal all processes of the tree.',
    offset: offsetOfKey(app, 'treekill'),
    edits: setKey(app, 'treekill', 'true'),
  })
}

function checkMessage(app: Data, context: ExamineContext): void {
  if (at(app, 'shutdown_with_message')?.scalar !== true) return
  const calls = context.application.shutdownsFor(context.file)
  const unheard = calls.find(
    ({ messages }) => Array.isArray(messages) && !messages.includes('shutdown'),
  )
  if (!unheard) return
  context.report({
    rule: 'message-unheard',
    says: `shutdown_with_message sends the message 'shutdown' in place of a signal, and the application does not listen to it (messages in ${unheard.file}:${unheard.line}): nothing happens until it is killed.`,
    fix: "Let PM2 send SIGINT, or add 'shutdown' to the messages of createShutdown().",
    offset: offsetOfKey(app, 'shutdown_with_message'),
    edits: setKey(app, 'shutdown_with_message', 'false'),
  })
}

function checkReady(app: Data, context: ExamineContext): void {
  if (at(app, 'wait_ready')?.scalar !== true || context.application.sendsReady !== false) return
  const setting = at(app, 'listen_timeout')
  const milliseconds = setting ? setting.scalar : 3000
  const limit = typeof milliseconds === 'number' ? `, ${wholeSeconds(milliseconds)} s` : ''
  context.report({
    rule: 'ready-never-said',
    says: `wait_ready makes PM2 wait for the message 'ready', and no source sends it: at each reload PM2 waits in vain for the new instance (listen_timeout${limit}), and then stops the old one whether or not the new one serves.`,
    fix: "Leave it out, or send 'ready' to the parent when the server listens, as PM2's documentation shows.",
    offset: offsetOfKey(app, 'wait_ready'),
    edits: setKey(app, 'wait_ready', 'false'),
  })
}

function checkKillTimeout(name: string, app: Data, context: ExamineContext): void {
  const setting = at(app, 'kill_timeout')
  const granted = setting ? Number(setting.scalar ?? Number.NaN) : DEFAULT_GRACE
  if (Number.isNaN(granted)) {
    context.note(`the kill_timeout of '${name}' is not a literal number, and so not known`)
    return
  }
  // Without its own grace, the application reads kill_timeout.
  const grace = context.grace(undefined, 'PM2')
  if (!grace || grace.value <= granted) return
  reportShortGrace(context, {
    setting: `kill_timeout is ${setting ? `${granted} ms` : `not set, so it is ${DEFAULT_GRACE} ms`}`,
    grace,
    allowed: `${grace.value} ms`,
    fix: `Grant it ${grace.value}, in milliseconds, or give createShutdown() no grace: it reads kill_timeout itself.`,
    offset: offsetOfKey(app, 'kill_timeout'),
    edits: setKey(app, 'kill_timeout', String(grace.value)),
  })
}
