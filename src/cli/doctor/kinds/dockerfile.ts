import {
  type Cmd,
  type Copy,
  type Dockerfile,
  DockerfileParser,
  type Entrypoint,
  type From,
  type Instruction,
} from 'dockerfile-ast'
import { printable } from '../../../text/printable.ts'
import { shorten } from '../../../text/width.ts'
import type { ExamineContext } from '../examine-context.ts'
import { followCommand, followShellText, type Launch } from '../launch/command.ts'
import type { LaunchContext } from '../launch/scripts.ts'
import { isChain } from '../launch/shell.ts'
import { jsonList } from '../parse/data.ts'
import type { Edit, SourceFile } from '../parse/source.ts'
import type { Kind } from './kind.ts'
import { reportLaunch } from './parts/report-launch.ts'
import { checkStopSignal } from './parts/stop-signal.ts'

/** Examines what the image of a Dockerfile starts, and how it is stopped. */
export const dockerfile: Kind = {
  name: 'Dockerfile',
  noun: 'Dockerfile',
  isPath: (path) => /(^|\/)([^/]+\.)?(dockerfile|containerfile)(\.[\w-]+)?$/i.test(path),
  examine: examineDockerfile,
}

function examineDockerfile(context: ExamineContext): void {
  const { file } = context
  const parsed = DockerfileParser.parse(file.text)
  if (!checkInstructions(parsed, context)) return
  const stage = finalStage(parsed)
  for (const one of stage) if (one.getKeyword() === 'ONBUILD') noteOnbuild(one, context)
  if (!checkStart(stage, context)) return
  const signal = lastOf(stage, 'STOPSIGNAL')
  if (!signal) return
  const [argument] = signal.getArguments()
  checkStopSignal(context, {
    offset: offsetOf(signal, file),
    signal: argument?.getValue() ?? '',
    setting: 'STOPSIGNAL',
    edits: (better) => (argument ? [editRange(argument.getRange(), better, file)] : []),
  })
}

/** Reports an unknown instruction as unread. Returns whether the rest can be examined. */
function checkInstructions(parsed: Dockerfile, context: ExamineContext): boolean {
  const instructions = parsed.getInstructions()
  const unknown = instructions.find((one) => !KNOWN_INSTRUCTIONS.has(one.getKeyword()))
  const problem =
    unknown && `'${shorten(printable(unknown.getInstruction()), 30)}' is not an instruction`
  const line = unknown && lineOf(unknown)
  if (parsed.getFROMs().length === 0) {
    const isOther = unknown && instructions[0] === unknown
    const why = isOther ? `it is not a Dockerfile: ${problem}` : 'it has no FROM, and so no image'
    context.reportUnread(why, line)
    return false
  }
  if (problem) context.reportUnread(problem, line)
  return true
}

/** Checks ENTRYPOINT and CMD. Returns false if one of them cannot be read. */
function checkStart(stage: readonly Instruction[], context: ExamineContext): boolean {
  const { file } = context
  const entrypoint = lastOf<Entrypoint>(stage, 'ENTRYPOINT')
  const cmd = lastOf<Cmd>(stage, 'CMD')
  for (const one of [entrypoint, cmd]) {
    if (!one || !LIST.test(formOf(one)?.text ?? '')) continue
    const what = `${one.getKeyword()} looks like a list, but is not valid JSON`
    context.reportUnread(`${what}: Docker passes it to a shell as it is`, lineOf(one))
    return false
  }
  const [start, end] = [formOf(entrypoint), formOf(cmd)]
  const launchContext = context.launchContext({ inContainer: true, copies: copiesOf(stage) })
  const launch = launchOf(start, end, shellOf(lastOf(stage, 'SHELL')), launchContext)
  const place = start?.text !== undefined || !cmd ? entrypoint : cmd
  if (!launch || !place) return true
  const front = start?.argv ?? []
  const isInCmd = place === cmd && launch.obstacle
  // If the ENTRYPOINT itself is replaced, it gets the whole command, and the CMD becomes empty.
  const isInBoth = isInCmd && !front.every((word, index) => launch.better[index] === word)
  const better = isInCmd && !isInBoth ? launch.better.slice(front.length) : launch.better
  reportLaunch(
    context,
    { ...launch, better },
    {
      offset: offsetOf(place, file),
      starter: 'container',
      edits: (argv) =>
        isInBoth && entrypoint
          ? [
              editArguments(entrypoint, argv, undefined, file),
              editArguments(place, [], undefined, file),
            ]
          : [editArguments(place, argv, formOf(place)?.text, file)],
    },
  )
  return true
}

/** The start that ENTRYPOINT and CMD form. Docker ignores CMD if ENTRYPOINT has the shell form. */
function launchOf(
  entrypoint: Form | undefined,
  cmd: Form | undefined,
  shell: string,
  context: LaunchContext,
): Launch | undefined {
  const { text } = entrypoint ?? cmd ?? {}
  if (text !== undefined) return followShellText(text, shell, context)
  if (!entrypoint) return cmd?.argv && followCommand(cmd.argv, context)
  const end = cmd?.argv ?? (cmd?.text === undefined ? [] : [shell, '-c', cmd.text])
  return followCommand([...(entrypoint.argv ?? []), ...end], context)
}

/** The instruction that counts: the last one with this keyword. */
function lastOf<T extends Instruction>(
  stage: readonly Instruction[],
  keyword: string,
): T | undefined {
  return stage.filter((one) => one.getKeyword() === keyword).at(-1) as T | undefined
}

const KNOWN_INSTRUCTIONS = new Set(
  `ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL
  USER VOLUME WORKDIR`.split(/\s+/),
)

/** The instructions of the image: those of the last stage, after those of the stages it is built on. */
function finalStage(parsed: Dockerfile): Instruction[] {
  const stages: { from: From; instructions: Instruction[] }[] = []
  for (const one of parsed.getInstructions()) {
    if (one.getKeyword() === 'FROM') stages.push({ from: one as From, instructions: [] })
    else stages.at(-1)?.instructions.push(one)
  }
  const chain: Instruction[][] = []
  for (let stage = stages.at(-1); stage; ) {
    chain.unshift(stage.instructions)
    const image = stage.from.getImage()
    const index = stages.indexOf(stage)
    stage = stages.slice(0, index).find(({ from }) => from.getBuildStage() === image)
  }
  // An ENTRYPOINT resets the CMD of the stages below.
  return chain.reduce((below, own) => {
    const resets = own.some((one) => one.getKeyword() === 'ENTRYPOINT')
    return [...(resets ? below.filter((one) => one.getKeyword() !== 'CMD') : below), ...own]
  }, [])
}

function noteOnbuild(one: Instruction, context: ExamineContext): void {
  const trigger = one.getArguments()[0]?.getValue().toUpperCase() ?? ''
  if (/^(CMD|ENTRYPOINT|STOPSIGNAL)$/.test(trigger)) {
    context.note(
      `line ${lineOf(one)}: ONBUILD ${trigger} applies to images that are built on this one, and was not looked at`,
    )
  }
}

/** The start of a list of strings. The shell command `[ "$A" = b ]` does not match. */
const LIST = /^\[\s*(['"])[^'"$]*\1\s*[,\]]/

/** The arguments of ENTRYPOINT or CMD: words in the exec form, a text in the shell form. */
interface Form {
  readonly argv?: readonly string[]
  readonly text?: string
}

function formOf(instruction: Cmd | Entrypoint | undefined): Form | undefined {
  if (!instruction) return undefined
  const raw = (instruction.getRawArgumentsContent() ?? '').trim()
  if (raw === '') return undefined
  try {
    const argv: unknown = JSON.parse(raw.replace(CONTINUATIONS, ' '))
    if (Array.isArray(argv) && argv.every((one) => typeof one === 'string')) return { argv }
  } catch {
    // Docker takes everything that is not JSON for the shell form.
  }
  return { text: raw }
}

/** A backslash at the end of a line, with the comments that may follow it. */
const CONTINUATIONS = /\\[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*/g

function shellOf(instruction: Instruction | undefined): string {
  const form = instruction && /\[\s*"([^"]+)"/.exec(instruction.getRawArgumentsContent() ?? '')
  return form?.[1]?.replace(/^.*[\\/]/, '') ?? 'sh'
}

/** The paths of copied files in the image, each with its path in the build context. */
function copiesOf(stage: readonly Instruction[]): Map<string, string> {
  const copies = new Map<string, string>()
  for (const one of stage) {
    if (!/^(COPY|ADD)$/.test(one.getKeyword())) continue
    if (/--from=/.test((one as Copy).getRawArgumentsContent() ?? '')) continue
    const paths = one.getArguments().map((argument) => argument.getValue())
    const target = paths.pop()
    if (target === undefined) continue
    for (const path of paths) {
      const name = path.replace(/^.*\//, '')
      const isFolder = target.endsWith('/') || target === '.' || paths.length > 1
      copies.set(isFolder ? `${target.replace(/\/$/, '')}/${name}` : target, path)
    }
  }
  return copies
}

function editArguments(
  place: Instruction,
  argv: readonly string[],
  text: string | undefined,
  file: SourceFile,
): Edit {
  const range = place.getArgumentsRange() ?? place.getRange()
  // A text that needs a shell stays in the shell form.
  const isShell =
    text !== undefined && argv[0] === 'sh' && argv[1] === '-c' && isChain(argv[2] ?? '')
  return editRange(range, isShell ? (argv[2] ?? '') : jsonList(argv), file)
}

type Range = ReturnType<Instruction['getRange']>

function editRange({ start, end }: Range, text: string, file: SourceFile): Edit {
  const offset = ({ line, character }: Range['start']) => file.startOf(line + 1) + character
  return { start: offset(start), end: offset(end), text }
}

function lineOf(instruction: Instruction): number {
  return instruction.getRange().start.line + 1
}

function offsetOf(instruction: Instruction, file: SourceFile): number {
  return file.startOf(lineOf(instruction))
}
