import { PLATFORMS } from '../../../platform/platforms.ts'
import { launch } from '../launch/command.ts'
import { words } from '../launch/shell.ts'
import { at, type Data, placeOf, set, setCommand, textAt, texts } from '../parse/data.ts'
import { goDuration, seconds } from '../parse/durations.ts'
import type { SourceFile } from '../parse/source.ts'
import { readYaml } from '../parse/yaml.ts'
import { reportLaunch } from '../report-launch.ts'
import type { Severity } from '../rules.ts'
import type { World } from '../world.ts'
import { isForeign } from './parts/images.ts'
import { checkStopSignal } from './parts/stop-signal.ts'

/** `stop_grace_period`, where it is not set, in milliseconds: Compose grants what Docker does. */
const DEFAULT = PLATFORMS.docker.grace

/** Reads what each service of a Compose file starts, how it is stopped, and how long it is waited for. */
export function examineCompose(file: SourceFile, world: World): void {
  const { documents, errors, isTemplate } = readYaml(file)
  for (const { offset, message } of errors.slice(0, 1)) {
    world.unread(file.path, `it is no YAML: ${message}`, file.lineOf(offset))
  }
  if (errors.length > 0) return
  const services = documents.flatMap((document) => {
    const all = at(document, 'services')
    return all ? [...all.entries] : []
  })
  if (services.length === 0) {
    world.unread(file.path, 'it has no services: it is no Compose file')
    return
  }
  if (isTemplate) world.note(file.path, 'is a template: what stands in {{ }} is not known')
  const awaited = new Set(services.flatMap(([, { value }]) => awaitedBy(value)))
  for (const [name, { value }] of services) {
    const isJob = awaited.has(name) || String(at(value, 'restart')?.scalar) === 'no'
    examineService(name, value, isJob, file, world)
  }
}

/** The services whose end it waits for: a migration, a seed. */
function awaitedBy(service: Data): string[] {
  return [...(at(service, 'depends_on')?.entries ?? [])].flatMap(([name, { value }]) =>
    textAt(value, 'condition') === 'service_completed_successfully' ? [name] : [],
  )
}

function examineService(
  name: string,
  service: Data,
  isJob: boolean,
  file: SourceFile,
  world: World,
): void {
  const image = textAt(service, 'image')
  if (!service.entries.has('build') && isForeign(image)) {
    world.note(file.path, `service '${name}' (${image}) is not the application's`)
    return
  }
  // What ends by itself is seldom stopped.
  const severity = isJob ? 'warning' : 'error'
  checkCommand(service, severity, file, world)
  const signal = at(service, 'stop_signal')
  if (typeof signal?.scalar === 'string' || typeof signal?.scalar === 'number') {
    checkStopSignal(world, {
      file,
      offset: placeOf(service, 'stop_signal'),
      signal: String(signal.scalar),
      setting: 'stop_signal',
      edits: (better) => set(service, 'stop_signal', better),
    })
  }
  checkGrace(name, service, severity, file, world)
}

function checkCommand(service: Data, severity: Severity, file: SourceFile, world: World): void {
  const [entrypoint, command] = ['entrypoint', 'command'].map((key) => at(service, key))
  const front = argvOf(entrypoint) ?? []
  const rest = argvOf(command) ?? []
  if (front.length + rest.length === 0) return
  const around = world.around(file, { inFront: true })
  const started = launch([...front, ...rest], around)
  const isInit = at(service, 'init')?.scalar === true
  const own = launch(front, around).trouble || rest.length === 0 ? entrypoint : command
  const isCommand = own === command
  reportLaunch(world, started, {
    file,
    offset: placeOf(service, isCommand ? 'command' : 'entrypoint'),
    by: 'container',
    under: isInit ? 'init' : undefined,
    severity,
    edits: (better) => {
      const key = isCommand ? 'command' : 'entrypoint'
      const kept = isCommand && startsWith(better, front) ? better.slice(front.length) : better
      const edits = setCommand(service, key, kept, written)
      // What the entrypoint was given is in it now.
      return isCommand || !command ? edits : [...edits, ...set(service, 'command', '[]')]
    },
  })
}

function startsWith(argv: readonly string[], front: readonly string[]): boolean {
  return front.every((word, index) => argv[index] === word)
}

/** Compose splits a text into words as a shell would, and runs no shell. */
function argvOf(data: Data | undefined): readonly string[] | undefined {
  if (!data || data.scalar === null) return undefined
  if (typeof data.scalar === 'string') return words(read(data.scalar))
  return texts(data)?.map(read)
}

/** Stands for a variable that Compose puts in itself, before any shell sees it. */
const VARIABLE = '\uE001'

/** `$$` is what a shell is to see as `$`. */
function read(word: string): string {
  return word.replaceAll('$$', '\uE002').replaceAll('$', VARIABLE).replaceAll('\uE002', '$')
}

function written(word: string): string {
  return word.replaceAll('$', '$$$$').replaceAll(VARIABLE, '$')
}

function checkGrace(
  name: string,
  service: Data,
  severity: Severity,
  file: SourceFile,
  world: World,
): void {
  const said = at(service, 'stop_grace_period')
  if (said?.isUnknown || (typeof said?.scalar === 'string' && said.scalar.includes('$'))) {
    world.note(file.path, `the stop_grace_period of '${name}' is a variable: not known`)
    return
  }
  const granted = said ? goDuration(String(said.scalar)) : DEFAULT
  if (granted === undefined) {
    const line = file.lineOf(placeOf(service, 'stop_grace_period'))
    world.unread(file.path, `'${said?.scalar}' is no stop_grace_period, such as 30s`, line)
    return
  }
  const grace = world.grace(file, DEFAULT, 'Docker')
  if (!grace || grace.value <= granted) return
  const needed = `${seconds(grace.value)}s`
  world.report({
    rule: 'grace-too-short',
    severity,
    file,
    offset: said ? placeOf(service, 'stop_grace_period') : service.start,
    says: `${said ? `stop_grace_period is ${said.scalar}` : `stop_grace_period is not set, so it is ${seconds(DEFAULT)} s`}, and the application allows itself ${seconds(grace.value)} s (${grace.from}): it is killed in the middle of its hooks, and what comes last, the flush, is lost.`,
    fix: `Grant it ${needed}, or give createShutdown() a shorter grace.`,
    edits: set(service, 'stop_grace_period', needed),
  })
}
