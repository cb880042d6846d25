import {
  type Cmd,
  type Copy,
  type Dockerfile,
  DockerfileParser,
  type Entrypoint,
  type From,
  type Instruction,
} from 'dockerfile-ast'
import { launch, ofText } from '../launch/command.ts'
import { isChain } from '../launch/shell.ts'
import { flow } from '../parse/data.ts'
import type { Edit, SourceFile } from '../parse/source.ts'
import { reportLaunch } from '../report-launch.ts'
import type { World } from '../world.ts'
import { checkStopSignal } from './parts/stop-signal.ts'

/** Reads what a Dockerfile's last stage starts, and how it is stopped. */
export function examineDockerfile(file: SourceFile, world: World): void {
  const dockerfile = DockerfileParser.parse(file.text)
  const instructions = dockerfile.getInstructions()
  const froms = dockerfile.getFROMs()
  const odd = instructions.find((one) => !KNOWN.has(one.getKeyword()))
  if (froms.length === 0) {
    const why =
      odd && instructions[0] === odd
        ? `it is no Dockerfile: '${short(odd.getInstruction())}' is no instruction`
        : 'it has no FROM, and so no image'
    world.unread(file.path, why, odd ? lineOf(odd) : undefined)
    return
  }
  if (odd) {
    world.unread(file.path, `'${short(odd.getInstruction())}' is no instruction`, lineOf(odd))
  }
  const stage = lastStage(dockerfile)
  for (const one of stage) if (one.getKeyword() === 'ONBUILD') tellOnbuild(one, file, world)
  const of = <T extends Instruction>(keyword: string) =>
    stage.filter((one) => one.getKeyword() === keyword).at(-1) as T | undefined
  const shell = shellOf(of('SHELL'))
  const copies = copiesOf(stage)
  const around = world.around(file, { inFront: true, copies })

  const entrypoint = of<Entrypoint>('ENTRYPOINT')
  const cmd = of<Cmd>('CMD')
  for (const one of [entrypoint, cmd]) {
    if (!one || !LIST.test(formOf(one)?.text ?? '')) continue
    const what = `${one.getKeyword()} is meant as a list, and is none that JSON knows`
    world.unread(file.path, `${what}: a shell is handed it as it stands`, lineOf(one))
    return
  }
  const [start, end] = [formOf(entrypoint), formOf(cmd)]
  const started =
    start?.text !== undefined
      ? ofText(start.text, shell, around)
      : start?.argv !== undefined
        ? launch([...start.argv, ...argvOf(end, shell)], around)
        : end?.text !== undefined
          ? ofText(end.text, shell, around)
          : end?.argv && launch(end.argv, around)
  const place = start?.text !== undefined || !cmd ? entrypoint : cmd
  if (started && place) {
    const front = start?.argv ?? []
    const isInCmd = place === cmd && started.trouble
    // Where the ENTRYPOINT is what goes, it has all of it, and the CMD that it was given nothing.
    const isInBoth = isInCmd && !front.every((word, index) => started.better[index] === word)
    const better = isInCmd && !isInBoth ? started.better.slice(front.length) : started.better
    reportLaunch(
      world,
      { ...started, better },
      {
        file,
        offset: offsetOf(place, file),
        by: 'container',
        edits: (argv) =>
          isInBoth && entrypoint
            ? [
                replaceArguments(entrypoint, argv, undefined, file),
                replaceArguments(place, [], undefined, file),
              ]
            : [replaceArguments(place, argv, formOf(place)?.text, file)],
      },
    )
  }
  const signal = of('STOPSIGNAL')
  if (signal) {
    const [argument] = signal.getArguments()
    checkStopSignal(world, {
      file,
      offset: offsetOf(signal, file),
      signal: argument?.getValue() ?? '',
      setting: 'STOPSIGNAL',
      edits: (better) => (argument ? [rangeEdit(argument.getRange(), better, file)] : []),
    })
  }
}

const KNOWN = new Set(
  `ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL
  USER VOLUME WORKDIR`.split(/\s+/),
)

/** What the image is made of: the last stage, after those of the same file that it stands on. */
function lastStage(dockerfile: Dockerfile): Instruction[] {
  const stages: { from: From; instructions: Instruction[] }[] = []
  for (const one of dockerfile.getInstructions()) {
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
  // An ENTRYPOINT of a stage takes the CMD away that the stages below it have set.
  return chain.reduce((below, own) => {
    const resets = own.some((one) => one.getKeyword() === 'ENTRYPOINT')
    return [...(resets ? below.filter((one) => one.getKeyword() !== 'CMD') : below), ...own]
  }, [])
}

function tellOnbuild(one: Instruction, file: SourceFile, world: World): void {
  const trigger = one.getArguments()[0]?.getValue().toUpperCase() ?? ''
  if (/^(CMD|ENTRYPOINT|STOPSIGNAL)$/.test(trigger)) {
    world.note(
      file.path,
      `line ${lineOf(one)}: ONBUILD ${trigger} belongs to the images that are built on this one, and was not looked at`,
    )
  }
}

/** What begins as a list of texts does; `[ "$A" = b ]` is a shell's. */
const LIST = /^\[\s*(['"])[^'"$]*\1\s*[,\]]/

interface Form {
  readonly argv?: readonly string[]
  readonly text?: string
}

/** The exec form as its words, the shell form as its text. */
function formOf(instruction: Cmd | Entrypoint | undefined): Form | undefined {
  if (!instruction) return undefined
  const raw = (instruction.getRawArgumentsContent() ?? '').trim()
  if (raw === '') return undefined
  try {
    const argv = JSON.parse(withoutContinuations(raw)) as unknown
    if (Array.isArray(argv) && argv.every((one) => typeof one === 'string')) return { argv }
  } catch {
    // What is no JSON is the shell form, also where brackets were meant to make it one.
  }
  return { text: raw }
}

function withoutContinuations(text: string): string {
  return text.replace(/\\[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*/g, ' ')
}

function argvOf(form: Form | undefined, shell: string): readonly string[] {
  return form?.argv ?? (form?.text === undefined ? [] : [shell, '-c', form.text])
}

function shellOf(instruction: Instruction | undefined): string {
  const form = instruction && /\[\s*"([^"]+)"/.exec(instruction.getRawArgumentsContent() ?? '')
  return form?.[1]?.replace(/^.*[\\/]/, '') ?? 'sh'
}

/** Where in the image a file of the build context stands. */
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

function replaceArguments(
  place: Instruction,
  argv: readonly string[],
  text: string | undefined,
  file: SourceFile,
): Edit {
  const range = place.getArgumentsRange() ?? place.getRange()
  // What needs a shell keeps its form.
  const isShell =
    text !== undefined && argv[0] === 'sh' && argv[1] === '-c' && isChain(argv[2] ?? '')
  return rangeEdit(range, isShell ? (argv[2] ?? '') : flow(argv), file)
}

type Range = ReturnType<Instruction['getRange']>

function rangeEdit({ start, end }: Range, text: string, file: SourceFile): Edit {
  const offset = (line: number, character: number) => file.startOf(line + 1) + character
  return {
    start: offset(start.line, start.character),
    end: offset(end.line, end.character),
    text,
  }
}

function lineOf(instruction: Instruction): number {
  return instruction.getRange().start.line + 1
}

function offsetOf(instruction: Instruction, file: SourceFile): number {
  return file.startOf(lineOf(instruction))
}

function short(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?')
  return clean.length > 30 ? `${clean.slice(0, 29)}…` : clean
}
