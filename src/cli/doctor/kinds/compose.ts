import { PLATFORMS } from '../../../platform/platforms.ts'
import type { ExamineContext } from '../examine-context.ts'
import { followCommand } from '../launch/command.ts'
import { words } from '../launch/shell.ts'
import { at, type Data, offsetOfKey, setCommand, setKey, textAt, textList } from '../parse/data.ts'
import { goDuration, wholeSeconds } from '../parse/durations.ts'
import type { Severity } from '../rules.ts'
import type { Kind } from './kind.ts'
import { isForeignImage } from './parts/foreign-image.ts'
import { reportShortGrace } from './parts/grace.ts'
import { noteTemplate, parseYaml } from './parts/parse.ts'
import { reportLaunch } from './parts/report-launch.ts'
import { checkStopSignal } from './parts/stop-signal.ts'

/** The default of stop_grace_period in the compose-spec, in milliseconds. */
const DEFAULT_GRACE = PLATFORMS.docker.grace

/** Examines what each service starts, how it is stopped, and how long Compose waits for it. */
export const compose: Kind = {
  name: 'Compose',
  noun: 'Compose file',
  isPath: (path) => /(^|\/)(docker-|podman-)?compose([.-][\w.-]+)?\.ya?ml$/.test(path),
  examine: examineCompose,
}

function examineCompose(context: ExamineContext): void {
  const yaml = parseYaml(context)
  if (!yaml) return
  const services = yaml.documents.flatMap((one) => [...(at(one, 'services')?.entries ?? [])])
  if (services.length === 0) {
    context.reportUnread('it has no services: it is not a Compose file')
    return
  }
  if (yaml.isTemplate) noteTemplate(context)
  const awaited = new Set(services.flatMap(([, { value }]) => awaitedBy(value)))
  for (const [name, { value }] of services) {
    const isJob = awaited.has(name) || String(at(value, 'restart')?.scalar) === 'no'
    examineService(name, value, isJob, context)
  }
}

/** The services that have to end before this one starts: a migration, a seed. */
function awaitedBy(service: Data): string[] {
  return [...(at(service, 'depends_on')?.entries ?? [])].flatMap(([name, { value }]) =>
    textAt(value, 'condition') === 'service_completed_successfully' ? [name] : [],
  )
}

function examineService(
  name: string,
  service: Data,
  isJob: boolean,
  context: ExamineContext,
): void {
  const image = textAt(service, 'image')
  if (!service.entries.has('build') && isForeignImage(image)) {
    context.note(`service '${name}' (${image}) is not the application's own`)
    return
  }
  // A job ends by itself. It is seldom stopped.
  const severity = isJob ? 'warning' : 'error'
  checkServiceCommand(service, severity, context)
  const signal = at(service, 'stop_signal')
  if (typeof signal?.scalar === 'string' || typeof signal?.scalar === 'number') {
    checkStopSignal(context, {
      offset: offsetOfKey(service, 'stop_signal'),
      signal: String(signal.scalar),
      setting: 'stop_signal',
      edits: (better) => setKey(service, 'stop_signal', better),
    })
  }
  checkStopGracePeriod(name, service, severity, context)
}

function checkServiceCommand(service: Data, severity: Severity, context: ExamineContext): void {
  const [entrypoint, command] = ['entrypoint', 'command'].map((key) => at(service, key))
  const entrypointWords = wordsOfCommand(entrypoint) ?? []
  const commandWords = wordsOfCommand(command) ?? []
  if (entrypointWords.length + commandWords.length === 0) return
  const launchContext = context.launchContext({ inContainer: true })
  const started = followCommand([...entrypointWords, ...commandWords], launchContext)
  const isInEntrypoint =
    commandWords.length === 0 || followCommand(entrypointWords, launchContext).obstacle
  const key = isInEntrypoint ? 'entrypoint' : 'command'
  reportLaunch(context, started, {
    offset: offsetOfKey(service, key),
    starter: 'container',
    init: at(service, 'init')?.scalar === true ? 'init' : undefined,
    severity,
    edits: (better) => {
      const keepsEntrypoint = !isInEntrypoint && startsWith(better, entrypointWords)
      const own = keepsEntrypoint ? better.slice(entrypointWords.length) : better
      const edits = setCommand(service, key, own, escapeVariables)
      // The entrypoint now contains the command.
      return isInEntrypoint && command ? [...edits, ...setKey(service, 'command', '[]')] : edits
    },
  })
}

function startsWith(argv: readonly string[], start: readonly string[]): boolean {
  return start.every((word, index) => argv[index] === word)
}

/** The words of a command. Compose splits a text as a shell does, but runs no shell. */
function wordsOfCommand(data: Data | undefined): readonly string[] | undefined {
  if (!data || data.scalar === null) return undefined
  if (typeof data.scalar === 'string') return words(unescapeVariables(data.scalar))
  return textList(data)?.map(unescapeVariables)
}

/** Stands for the `$` of a variable that Compose, not a shell, replaces. */
const VARIABLE = '\uE001'

/** Turns `$$` into `$`, as Compose does, and `$` into VARIABLE. */
function unescapeVariables(word: string): string {
  return word.replaceAll('$$', '\uE002').replaceAll('$', VARIABLE).replaceAll('\uE002', '$')
}

function escapeVariables(word: string): string {
  return word.replaceAll('$', '$$$$').replaceAll(VARIABLE, '$')
}

function checkStopGracePeriod(
  name: string,
  service: Data,
  severity: Severity,
  context: ExamineContext,
): void {
  const setting = at(service, 'stop_grace_period')
  if (setting?.isUnknown || (typeof setting?.scalar === 'string' && setting.scalar.includes('$'))) {
    context.note(`the stop_grace_period of '${name}' is a variable: its value is not known`)
    return
  }
  const granted = setting ? goDuration(String(setting.scalar)) : DEFAULT_GRACE
  if (granted === undefined) {
    const line = context.file.lineOf(offsetOfKey(service, 'stop_grace_period'))
    context.reportUnread(`'${setting?.scalar}' is not a stop_grace_period such as 30s`, line)
    return
  }
  const grace = context.grace(DEFAULT_GRACE, 'Docker')
  if (!grace || grace.value <= granted) return
  const needed = `${wholeSeconds(grace.value)}s`
  reportShortGrace(context, {
    setting: setting
      ? `stop_grace_period is ${setting.scalar}`
      : `stop_grace_period is not set, so it is ${wholeSeconds(DEFAULT_GRACE)} s`,
    grace,
    severity,
    fix: `Grant it ${needed}, or give createShutdown() a shorter grace.`,
    offset: offsetOfKey(service, 'stop_grace_period'),
    edits: setKey(service, 'stop_grace_period', needed),
  })
}
