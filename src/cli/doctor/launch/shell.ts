import { parse } from 'shell-quote'
import { isProgram } from '../../../platform/programs.ts'

/** A command in a shell text, with its place. */
export interface ShellCommand {
  readonly text: string
  readonly start: number
  readonly end: number
  /** The separator: `&&`, `||`, `|`, `&`, `;` or nothing. */
  readonly then: string
}

/** The words of a simple command. Variables stay as they are written. */
export function words(text: string): string[] {
  return parse(text, (name) => `\${${name}}`).flatMap((word) => {
    if (typeof word === 'string') return [word]
    return 'pattern' in word ? [word.pattern] : []
  })
}

/** Whether a command needs no shell: it has no variable, no pattern, no redirection. */
export function isPlain(text: string): boolean {
  return !/[$`*?~<>|&;(){}[\]\n#!\\]/.test(text) && !/^\s*\w+=/.test(text)
}

/** The commands of a text, in order, without the keywords before them. */
function commandsOf(text: string): ShellCommand[] {
  const commands: ShellCommand[] = []
  let start = 0
  let at = 0
  const cut = (then: string, length: number) => {
    const raw = text.slice(start, at)
    const lead = /^(?:\s|\\\r?\n)*(?:(?:then|else|do|if|elif|while|until|time|\{|!)\s+)*/.exec(raw)
    const from = start + (lead?.[0].length ?? 0)
    const body = text.slice(from, at).trimEnd()
    if (body !== '') commands.push({ text: body, start: from, end: from + body.length, then })
    at += length
    start = at
  }
  while (at < text.length) {
    const here = text.slice(at)
    const skipped = skip(here, text[at - 1])
    if (skipped > 0) at += skipped
    else if (here.startsWith('#') && /^$|\s|[;&|(]/.test(text[at - 1] ?? '')) {
      cut('', 0)
      at += /^[^\n]*/.exec(here)?.[0].length ?? 0
      start = at
    } else {
      const separator = /^(?:&&|\|\||;;|[;&|\n()])/.exec(here)?.[0]
      if (separator === undefined) at++
      else cut(separator === '\n' ? ';' : separator, separator.length)
    }
  }
  cut('', 0)
  return commands
}

/** The length of the quoted text, substitution, redirection or here-document that starts here, or 0. */
function skip(here: string, before: string | undefined): number {
  const whole =
    /^'[^']*'|^"(?:\\[\s\S]|[^"\\])*"|^`[^`]*`|^\$\((?:[^()]|\([^()]*\))*\)|^\$\{[^}]*\}|^\$#|^\\[\s\S]|^\d*>&\d*-?|^&>>?/.exec(
      here,
    )
  if (whole) return whole[0].length
  const document = /^<<-?\s*(['"]?)(\w+)\1[^\n]*\n/.exec(here)
  if (document && before !== '<') {
    const end = new RegExp(`^\\s*${document[2]}\\s*$`, 'm').exec(here.slice(document[0].length))
    return end ? document[0].length + end.index + end[0].length : here.length
  }
  return 0
}

/** The command of a text that runs as long as the application does. */
export interface Main extends ShellCommand {
  /** Whether `exec` is before it. */
  readonly isExec: boolean
  /** The end of the last command in its pipe. */
  readonly pipeEnd: number
  /** Other programs that the text starts in the background. */
  readonly beside: readonly ShellCommand[]
}

/** `undefined` if not known: in a loop, in a function, or if the text handles signals itself. */
export function mainOf(text: string): Main | undefined {
  const commands = commandsOf(text)
  const heads = commands.map((command) => headOf(command.text))
  if (heads.includes('trap') && heads.includes('wait')) return undefined
  const functions = new Set(
    [...text.matchAll(/^\s*(?:function\s+)?([\w-]+)\s*\(\)/gm)].map(([, name]) => name),
  )
  const runs = commands.filter((_, index) => !PREPARATIONS.has(heads[index] ?? ''))
  const programs = runs.filter(({ text }) => isLauncher(text))
  const last = runs.at(-1)
  if (!last || functions.has(headOf(last.text))) return undefined
  const main = isLauncher(last.text) ? last : (programs.at(-1) ?? last)
  // `exec` would end the loop.
  if (isInLoop(text, main.start)) return undefined
  const [first, { end: pipeEnd }] = pipeAround(commands, commands.indexOf(main))
  const beside = runs.filter(({ then }, index) => then === '&' && index < runs.indexOf(first))
  const isExec = headOf(first.text) === 'exec' && first.then !== '|'
  return { ...first, isExec, pipeEnd, beside: isLauncher(first.text) ? beside : [] }
}

function isInLoop(text: string, at: number): boolean {
  const before = text.slice(0, at)
  const count = (word: string) =>
    before.match(new RegExp(`(?<![\\w-])${word}(?![\\w-])`, 'g'))?.length ?? 0
  return count('do') > count('done')
}

/** The first and the last command of the pipe around a command. */
function pipeAround(commands: readonly ShellCommand[], index: number) {
  let [from, to] = [index, index]
  while (commands[from - 1]?.then === '|') from--
  while (commands[to]?.then === '|' && commands[to + 1]) to++
  return [commands[from] as ShellCommand, commands[to] as ShellCommand] as const
}

/** The first word of a command, after the variables that it sets. */
function headOf(text: string): string {
  const bare = text.replace(/^(?:\w+=(?:"[^"]*"|'[^']*'|\S*)\s+)+/, '')
  return /^\S+/.exec(bare)?.[0] ?? ''
}

/** Whether a command starts a program that keeps running. */
function isLauncher(text: string): boolean {
  const head = headOf(text.replace(/^(?:exec\s+(?:-\w\s+)?)/, ''))
  const name = baseOf(head)
  return (
    /^"?\$[@*{]/.test(head) ||
    isProgram(name, 'runtime', 'init', 'package manager', 'package runner', 'watcher') ||
    LAUNCHERS.has(name)
  )
}

const LAUNCHERS = new Set(
  'ts-node tsx pm2 pm2-runtime forever next nest nuxt lastcall gosu su-exec concurrently'.split(
    ' ',
  ),
)

/** Commands that prepare or clean up. None of them is the application. */
const PREPARATIONS = new Set(
  `echo printf cd set export wait exit true false trap sleep : [ [[ test return unset umask ulimit source .
  read shift mkdir chown chmod cp mv rm ln touch cat fi done esac } case for function local eval kill
  then else do in && break continue let declare readonly sed grep find install date`.split(/\s+/),
)

/** Whether a text needs a shell: it has more than one command, or `exec`. */
export function isChain(text: string): boolean {
  return commandsOf(text).length > 1 || headOf(text) === 'exec'
}

/** The name of a program, without its path. */
export function baseOf(path: string): string {
  return path.replace(/^.*[\\/]/, '')
}
