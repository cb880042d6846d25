import { parse } from 'shell-quote'
import { isProgram } from '../../../platform/programs.ts'

/** A command of a shell's text, and where it stands there. */
export interface ShellCommand {
  readonly text: string
  readonly start: number
  readonly end: number
  /** What follows it: `&&`, `||`, `|`, `&`, `;` or nothing. */
  readonly then: string
}

/** The words of a simple command; variables stay as they are written. */
export function words(text: string): string[] {
  return parse(text, (name) => `\${${name}}`).flatMap((word) => {
    if (typeof word === 'string') return [word]
    return 'pattern' in word ? [word.pattern] : []
  })
}

/** Whether a shell would do nothing with it but start it: no variable, no pattern, no redirection. */
export function isPlain(text: string): boolean {
  return !/[$`*?~<>|&;(){}[\]\n#!\\]/.test(text) && !/^\s*\w+=/.test(text)
}

/** A text's commands, in their order, with the keywords before them taken away. */
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

/** How much of it belongs together, whatever is in it: a text in quotes, a substitution, a here-document. */
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

/** What a shell's text runs in the end: the command that stays for as long as the application does. */
export interface Main extends ShellCommand {
  /** Whether it takes the shell's place. */
  readonly isExec: boolean
  /** Where what it is piped into ends. */
  readonly pipeEnd: number
  /** Other programs that are started beside it, in the background. */
  readonly beside: readonly ShellCommand[]
}

/** `undefined` where that is not to be told: a program that is run again and again, or where the text looks after signals itself. */
export function mainOf(text: string): Main | undefined {
  const commands = commandsOf(text)
  const heads = commands.map((command) => headOf(command.text))
  if (heads.includes('trap') && heads.includes('wait')) return undefined
  const functions = new Set(
    [...text.matchAll(/^\s*(?:function\s+)?([\w-]+)\s*\(\)/gm)].map(([, name]) => name),
  )
  const runs = commands.filter((_, index) => !AIDS.has(heads[index] ?? ''))
  const programs = runs.filter(({ text }) => isLauncher(text))
  const last = runs.at(-1)
  if (!last || functions.has(headOf(last.text))) return undefined
  const main = isLauncher(last.text) ? last : (programs.at(-1) ?? last)
  // To give the shell's place away would end the loop.
  if (isInLoop(text, main.start)) return undefined
  const first = firstOfPipe(commands, commands.indexOf(main))
  const pipeEnd = endOfPipe(commands, commands.indexOf(main)).end
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

function firstOfPipe(commands: readonly ShellCommand[], index: number): ShellCommand {
  let at = index
  while (commands[at - 1]?.then === '|') at--
  return commands[at] as ShellCommand
}

function endOfPipe(commands: readonly ShellCommand[], index: number): ShellCommand {
  let at = index
  while (commands[at]?.then === '|' && commands[at + 1]) at++
  return commands[at] as ShellCommand
}

/** The first word, without the variables that are set before it. */
function headOf(text: string): string {
  const bare = text.replace(/^(?:\w+=(?:"[^"]*"|'[^']*'|\S*)\s+)+/, '')
  return /^\S+/.exec(bare)?.[0] ?? ''
}

/** Whether it starts what stays. */
function isLauncher(text: string): boolean {
  const bare = text.replace(/^(?:exec\s+(?:-\w\s+)?)/, '')
  const head = headOf(bare)
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

/** What comes before and after; none of them is the application. */
const AIDS = new Set(
  `echo printf cd set export wait exit true false trap sleep : [ [[ test return unset umask ulimit source .
  read shift mkdir chown chmod cp mv rm ln touch cat fi done esac } case for function local eval kill
  then else do in && break continue let declare readonly sed grep find install date`.split(/\s+/),
)

/** Whether it needs a shell: more than one command, or `exec`. */
export function isChain(text: string): boolean {
  return commandsOf(text).length > 1 || headOf(text) === 'exec'
}

/** The name of a program, however it is found. */
export function baseOf(path: string): string {
  return path.replace(/^.*[\\/]/, '')
}
