import { quote } from 'shell-quote'
import { isProgram } from '../../../platform/programs.ts'
import type { Edit, SourceFile } from '../parse/source.ts'
import type { RuleId } from '../rules.ts'
import type { LaunchContext } from './launch-context.ts'
import { inForeground, managed, severalOf, wrapperOf } from './programs.ts'
import { baseOf, isPlain, type Main, mainOf, words } from './shell.ts'
import { withoutWatching } from './watchers.ts'

/** What stands between the one who signals and the application. */
export interface Trouble {
  readonly rule: RuleId
  /** Who is in front: `npm`, `sh`, `nodemon`. */
  readonly who: string
  /** The init that is in front of it: it signals its own child alone. */
  readonly under: string | undefined
  /** Where that is decided: in a script that the deployment starts. */
  readonly at: { readonly file: SourceFile; readonly edit: Edit } | undefined
  /** The script that nobody says what it starts: there is no better command to be written then. */
  readonly unknown?: string | undefined
}

/** What comes of starting a command. */
export interface Launch {
  readonly trouble: Trouble | undefined
  /** The same without the trouble. */
  readonly better: readonly string[]
  /** What better needs in a configuration file of `lastcall run`. */
  readonly programs: readonly (readonly string[])[]
}

/** Follows a command to the program that stays, and says what is in front of it. */
export function launch(argv: readonly string[], around: LaunchContext, depth = 0): Launch {
  const [program = '', ...args] = argv
  const name = baseOf(program)
  if (depth > 8 || program === '') return sound(argv)
  const again = (rest: readonly string[]) => launch(rest, around, depth + 1)

  const wrapper = wrapperOf(name, args)
  if (wrapper) {
    const { taken, isInit } = wrapper
    if (taken === args.length) return sound(argv)
    const inner = again(args.slice(taken))
    const better = [program, ...args.slice(0, taken), ...inner.better]
    const under = inner.trouble?.under ?? (isInit ? name : undefined)
    const at = inner.trouble?.at
    return inner.trouble ? { ...inner, better, trouble: { ...inner.trouble, under, at } } : inner
  }
  if (isShell(name)) return ofShell(argv, around, depth)
  const manager = managed(name, args)
  if (manager) {
    const script = manager.script === undefined ? undefined : around.npmScript(manager.script)
    const better =
      manager.argv ??
      (script === undefined ? undefined : replaced(script + passedOn(args), around, depth))
    if (better) return trouble('npm-in-front', name, { ...again(better), trouble: undefined })
    const unknown = manager.script ?? ''
    const front = { rule: 'npm-in-front', who: name, under: undefined, at: undefined } as const
    return { ...sound(argv), trouble: { ...front, unknown } }
  }
  const unwatched = withoutWatching(name, args)
  if (unwatched) return trouble('watcher-in-front', name, again(unwatched))
  if (around.inFront) {
    const foreground = inForeground(name, args)
    if (foreground) return trouble('daemon-in-front', name, again(foreground))
  }
  const several = severalOf(name, args, around)
  if (several) {
    return {
      trouble: { rule: 'several-programs', who: name, under: undefined, at: undefined },
      better: GROUP,
      programs: several.map((text) => replaced(text, around, depth)),
    }
  }
  const script = around.shellScript(program)
  if (script) return ofScript(script, argv, args, around, depth)
  return sound(argv)
}

/** The command that runs a group from a file. */
const GROUP = ['node_modules/.bin/lastcall', 'run', '--config', 'lastcall.config.json']

function sound(argv: readonly string[]): Launch {
  return { trouble: undefined, better: argv, programs: [] }
}

/** What comes after `--` is put behind the script. */
function passedOn(args: readonly string[]): string {
  const dashes = args.indexOf('--')
  return dashes < 0 ? '' : ` ${quoted(args.slice(dashes + 1))}`
}

function trouble(rule: RuleId, who: string, then: Launch): Launch {
  return { ...then, trouble: { rule, who, under: undefined, at: undefined } }
}

/** busybox needs the name of its applet: `busybox -c` is no command. */
export function isShell(name: string): boolean {
  return isProgram(name, 'shell') && name !== 'busybox'
}

/** `sh -c text`, or `sh script`. */
function ofShell(argv: readonly string[], around: LaunchContext, depth: number): Launch {
  const [shell = '', ...args] = argv
  const flag = args.findIndex((arg) => !/^-[^c]*$/.test(arg))
  const first = args[flag] ?? ''
  if (/^-\w*c$/.test(first)) {
    const inner = ofText(args[flag + 1] ?? '', baseOf(shell), around, depth)
    const [own, c, text] = inner.better
    // Whatever needs a shell was written for this one.
    return own === 'sh' && c === '-c' && text !== undefined
      ? { ...inner, better: [...argv.slice(0, flag + 2), text] }
      : inner
  }
  const script = around.shellScript(first)
  return script ? ofScript(script, argv, args.slice(flag + 1), around, depth) : sound(argv)
}

/** A shell with a text to run. */
export function ofText(text: string, shell: string, around: LaunchContext, depth = 0): Launch {
  const main = mainOf(text)
  if (!main) return sound([shell, '-c', text])
  if (main.beside.length > 0) return group(main, shell, around, depth)
  const inner = launch(wordsOf(main), around, depth + 1)
  if (around.bringsShell && depth === 0 && (isAll(main, text) || leaves(main))) return inner
  const better = replaced(text, around, depth)
  if (main.isExec) return { ...inner, better: inner.trouble ? better : [shell, '-c', text] }
  // What is worse than the shell is told instead of it: without it the shell would not matter.
  const own = inner.trouble && inner.trouble.rule !== 'script-without-exec' ? inner : undefined
  return own
    ? { ...own, better: own.programs.length > 0 ? GROUP : better }
    : trouble('shell-in-front', shell, { ...sound(better), programs: [] })
}

function group(main: Main, who: string, around: LaunchContext, depth: number): Launch {
  const programs = [...main.beside, main].map(({ text }) => replaced(text, around, depth))
  return { ...trouble('several-programs', who, sound(GROUP)), programs }
}

/** What a shell's text would start, without the shell where that goes, and else with `exec`. */
function replaced(text: string, around: LaunchContext, depth: number): readonly string[] {
  const main = mainOf(text)
  if (!main) return ['sh', '-c', text]
  const inner = launch(wordsOf(main), around, depth + 1)
  const own = withoutExec(main.text)
  const isOnly = isFirst(main, text)
  const kept = redirections(own)
  if (isOnly && (isPlain(own) || (inner.trouble && kept === ''))) return inner.better
  if (isOnly && !/[$`*?~<>|(){}[\]]/.test(own)) return ['env', ...words(own)]
  const start = inner.trouble ? `${quoted(inner.better)}${kept}` : own
  return ['sh', '-c', withExec(text, main, start)]
}

/** Whether nothing but what it is piped into stands beside a command. */
function isFirst(main: Main, text: string): boolean {
  return main.start === text.search(/\S/) && /^\s*[;&]?\s*$/.test(text.slice(main.pipeEnd))
}

/** Whether it is the whole text. */
function isAll(main: Main, text: string): boolean {
  return isFirst(main, text) && main.pipeEnd === main.end
}

/** Whether it starts a daemon and returns: what comes before it is over then, and the shell as well. */
function leaves(main: Main): boolean {
  const [program = '', ...args] = wordsOf(main)
  return inForeground(baseOf(program), args) !== undefined
}

/** A text with `exec` before the command that stays, and nothing after it in the way. */
function withExec(text: string, main: Main, command: string): string {
  const env = /^\w+=/.test(command) ? 'env ' : ''
  return `${text.slice(0, main.start)}exec ${env}${command}${text.slice(main.pipeEnd)}`
}

function quoted(argv: readonly string[]): string {
  // Variables stay variables.
  return argv.map((word) => (/^\$\{?\w+\}?$/.test(word) ? word : quote([word]))).join(' ')
}

/** Where a command's output goes stays as it is, whatever is started in its place. */
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

/** A shell script in front: what counts is how it ends. */
function ofScript(
  script: SourceFile,
  argv: readonly string[],
  args: readonly string[],
  around: LaunchContext,
  depth: number,
): Launch {
  const main = mainOf(script.text)
  if (!main) return sound(argv)
  const passes = /^"?\$(?:[@*]|\{[@*]\})"?/.test(withoutExec(main.text))
  const inner = passes ? launch(args, around, depth + 1) : launch(wordsOf(main), around, depth + 1)
  if (main.isExec && passes) {
    const front = argv.slice(0, argv.length - args.length)
    return { ...inner, better: [...front, ...inner.better] }
  }
  if (main.isExec && !inner.trouble) return sound(argv)
  const isOther = inner.trouble && !passes
  const own = withoutExec(main.text)
  const command = isOther ? `${quoted(inner.better)}${redirections(own)}` : own
  const env = /^\w+=/.test(command) ? 'env ' : ''
  const edit = { start: main.start, end: main.pipeEnd, text: `exec ${env}${command}` }
  const rule = isOther && inner.trouble ? inner.trouble.rule : 'script-without-exec'
  const who = isOther && inner.trouble ? inner.trouble.who : baseOf(script.path)
  return {
    trouble: {
      rule,
      who,
      under: undefined,
      at: { file: script, edit },
      unknown: isOther ? inner.trouble?.unknown : undefined,
    },
    better: argv,
    programs: [],
  }
}
