import { quote } from 'shell-quote'
import { isProgram } from '../../../platform/programs.ts'
import type { Edit, SourceFile } from '../parse/source.ts'
import type { RuleId } from '../rules.ts'
import { inForeground, managed, severalOf, wrapperOf } from './programs.ts'
import type { LaunchContext } from './scripts.ts'
import { baseOf, isPlain, type Main, mainOf, words } from './shell.ts'
import { withoutWatching } from './watchers.ts'

/** A program between the platform and the application that breaks the stop. */
export interface Obstacle {
  readonly rule: RuleId
  /** Its name: `npm`, `sh`, `nodemon`. */
  readonly program: string
  /** The init in front of it, which signals only its own child. */
  readonly init?: string | undefined
  /** The shell script to change, if the deployment starts one. */
  readonly script?: { readonly file: SourceFile; readonly edit: Edit } | undefined
  /** The npm script with an unknown command; `''` if its name is unknown too. `better` is then no better. */
  readonly unknownScript?: string | undefined
}

/** What a command starts. */
export interface Launch {
  readonly obstacle: Obstacle | undefined
  /** The command without the obstacle. */
  readonly better: readonly string[]
  /** If `better` runs a group: the programs of its configuration file. */
  readonly programs: readonly (readonly string[])[]
}

/** Follows a command to the program that keeps running, and finds the obstacle before it. */
export function followCommand(argv: readonly string[], context: LaunchContext, depth = 0): Launch {
  const [program = '', ...args] = argv
  const name = baseOf(program)
  if (depth > 8 || program === '') return sound(argv)
  const again = (rest: readonly string[]) => followCommand(rest, context, depth + 1)

  const wrapper = wrapperOf(name, args)
  if (wrapper) {
    const { taken, isInit } = wrapper
    if (taken === args.length) return sound(argv)
    const inner = again(args.slice(taken))
    if (!inner.obstacle) return inner
    const better = [program, ...args.slice(0, taken), ...inner.better]
    const init = inner.obstacle.init ?? (isInit ? name : undefined)
    return { ...inner, better, obstacle: { ...inner.obstacle, init } }
  }
  if (isShell(name)) return followShell(argv, context, depth)
  const manager = managed(name, args)
  if (manager) {
    const script = manager.script === undefined ? undefined : context.npmScript(manager.script)
    const better =
      manager.argv ??
      (script === undefined ? undefined : replaced(script + scriptArguments(args), context, depth))
    if (better) return withObstacle('npm-in-front', name, again(better))
    const unknownScript = manager.script ?? ''
    const obstacle = { rule: 'npm-in-front', program: name, unknownScript } as const
    return { ...sound(argv), obstacle }
  }
  const unwatched = withoutWatching(name, args)
  if (unwatched) return withObstacle('watcher-in-front', name, again(unwatched))
  if (context.inContainer) {
    const foreground = inForeground(name, args)
    if (foreground) return withObstacle('daemon-in-front', name, again(foreground))
  }
  const several = severalOf(name, args, context)
  if (several) {
    return groupOf(several, name, context, depth)
  }
  const script = context.shellScript(program)
  if (script) return followScript(script, argv, args, context, depth)
  return sound(argv)
}

/** Runs a group from a configuration file. */
const GROUP = ['node_modules/.bin/lastcall', 'run', '--config', 'lastcall.config.json']

function sound(argv: readonly string[]): Launch {
  return { obstacle: undefined, better: argv, programs: [] }
}

/** The arguments after `--`, which npm appends to the script. */
function scriptArguments(args: readonly string[]): string {
  const dashes = args.indexOf('--')
  return dashes < 0 ? '' : ` ${quoted(args.slice(dashes + 1))}`
}

function withObstacle(rule: RuleId, program: string, launch: Launch): Launch {
  return { ...launch, obstacle: { rule, program } }
}

/** Not busybox: it needs the name of an applet, as in `busybox sh`. */
export function isShell(name: string): boolean {
  return isProgram(name, 'shell') && name !== 'busybox'
}

/** `sh -c text`, or `sh script`. */
function followShell(argv: readonly string[], context: LaunchContext, depth: number): Launch {
  const [shell = '', ...args] = argv
  const flag = args.findIndex((arg) => !/^-[^c]*$/.test(arg))
  const first = args[flag] ?? ''
  if (/^-\w*c$/.test(first)) {
    const inner = followShellText(args[flag + 1] ?? '', baseOf(shell), context, depth)
    const [own, c, text] = inner.better
    // A text that needs a shell keeps this shell.
    return own === 'sh' && c === '-c' && text !== undefined
      ? { ...inner, better: [...argv.slice(0, flag + 2), text] }
      : inner
  }
  const script = context.shellScript(first)
  return script ? followScript(script, argv, args.slice(flag + 1), context, depth) : sound(argv)
}

/** Follows the text that a shell runs. */
export function followShellText(
  text: string,
  shell: string,
  context: LaunchContext,
  depth = 0,
): Launch {
  const main = mainOf(text)
  if (!main) return sound([shell, '-c', text])
  if (main.beside.length > 0) {
    const texts = [...main.beside, main].map((command) => command.text)
    return groupOf(texts, shell, context, depth)
  }
  const argv = wordsOf(main)
  const inner = followCommand(argv, context, depth + 1)
  if (context.runsInShell && depth === 0) {
    const isWhole = isOnlyPipe(main, text) && main.pipeEnd === main.end
    // A shell that starts a daemon ends before the stop.
    if (isWhole || inForeground(baseOf(argv[0] ?? ''), argv.slice(1))) return inner
  }
  const better = replaced(text, context, depth)
  if (main.isExec) return { ...inner, better: inner.obstacle ? better : [shell, '-c', text] }
  // An obstacle behind the shell is reported instead of the shell; `better` removes both.
  const own = inner.obstacle && inner.obstacle.rule !== 'script-without-exec' ? inner : undefined
  return own
    ? { ...own, better: own.programs.length > 0 ? GROUP : better }
    : withObstacle('shell-in-front', shell, sound(better))
}

/** Several programs side by side, which become a group. */
function groupOf(
  texts: readonly string[],
  program: string,
  context: LaunchContext,
  depth: number,
): Launch {
  const programs = texts.map((text) => replaced(text, context, depth))
  return { obstacle: { rule: 'several-programs', program }, better: GROUP, programs }
}

/** The command of a shell's text: without the shell if it is not needed, otherwise with `exec`. */
function replaced(text: string, context: LaunchContext, depth: number): readonly string[] {
  const main = mainOf(text)
  if (!main) return ['sh', '-c', text]
  const inner = followCommand(wordsOf(main), context, depth + 1)
  const own = withoutExec(main.text)
  const isOnly = isOnlyPipe(main, text)
  const kept = redirections(own)
  if (isOnly && (isPlain(own) || (inner.obstacle && kept === ''))) return inner.better
  if (isOnly && !/[$`*?~<>|(){}[\]]/.test(own)) return ['env', ...words(own)]
  const start = inner.obstacle ? `${quoted(inner.better)}${kept}` : own
  // `exec` comes before the command that keeps running, and the pipe after it is left out.
  return ['sh', '-c', text.slice(0, main.start) + execOf(start) + text.slice(main.pipeEnd)]
}

/** Whether the text is only this command and the pipe after it. */
function isOnlyPipe(main: Main, text: string): boolean {
  return main.start === text.search(/\S/) && /^\s*[;&]?\s*$/.test(text.slice(main.pipeEnd))
}

/** `exec` takes no variables before the command, but `env` does. */
function execOf(command: string): string {
  return `exec ${/^\w+=/.test(command) ? 'env ' : ''}${command}`
}

function quoted(argv: readonly string[]): string {
  // A variable must not be quoted: the shell would not expand it.
  return argv.map((word) => (/^\$\{?\w+\}?$/.test(word) ? word : quote([word]))).join(' ')
}

/** The redirections of a command, to keep them when another command takes its place. */
function redirections(text: string): string {
  if (/['"]/.test(text)) return ''
  return (text.match(/\s+(?:&>>?|\d*(?:>>?|<)&?)\s*[^\s<>]+/g) ?? []).join('')
}

function withoutExec(text: string): string {
  return text.replace(/^exec\s+(?:-\w\s+)?/, '')
}

function wordsOf(main: Main): string[] {
  const all = words(withoutExec(main.text))
  const first = all.findIndex((word) => !/^\w+=/.test(word))
  return first < 0 ? [] : all.slice(first)
}

/** Follows a shell script to the command that keeps running. */
function followScript(
  script: SourceFile,
  argv: readonly string[],
  args: readonly string[],
  context: LaunchContext,
  depth: number,
): Launch {
  const main = mainOf(script.text)
  if (!main) return sound(argv)
  const runsItsArguments = /^"?\$(?:[@*]|\{[@*]\})"?/.test(withoutExec(main.text))
  const inner = followCommand(runsItsArguments ? args : wordsOf(main), context, depth + 1)
  if (main.isExec && runsItsArguments) {
    const front = argv.slice(0, argv.length - args.length)
    return { ...inner, better: [...front, ...inner.better] }
  }
  if (main.isExec && !inner.obstacle) return sound(argv)
  const own = withoutExec(main.text)
  const behind = runsItsArguments ? undefined : inner.obstacle
  const command = behind ? `${quoted(inner.better)}${redirections(own)}` : own
  const edit = { start: main.start, end: main.pipeEnd, text: execOf(command) }
  return {
    ...sound(argv),
    obstacle: {
      rule: behind?.rule ?? 'script-without-exec',
      program: behind?.program ?? baseOf(script.path),
      script: { file: script, edit },
      unknownScript: behind?.unknownScript,
    },
  }
}
