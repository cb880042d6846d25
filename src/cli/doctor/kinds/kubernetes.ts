import { PLATFORMS } from '../../../platform/platforms.ts'
import { isProgram } from '../../../platform/programs.ts'
import type { ExamineContext } from '../examine-context.ts'
import { followCommand } from '../launch/command.ts'
import { baseOf } from '../launch/shell.ts'
import {
  at,
  type Data,
  jsonList,
  offsetOfKey,
  setCommand,
  setKey,
  textAt,
  textList,
} from '../parse/data.ts'
import { wholeSeconds } from '../parse/durations.ts'
import type { Severity } from '../rules.ts'
import type { Kind } from './kind.ts'
import { isForeignImage } from './parts/foreign-image.ts'
import { reportShortGrace } from './parts/grace.ts'
import { noteTemplate, parseYaml } from './parts/parse.ts'
import { checkProbes } from './parts/probes.ts'
import { reportLaunch } from './parts/report-launch.ts'
import { checkStopSignal } from './parts/stop-signal.ts'

/** The default of terminationGracePeriodSeconds, in milliseconds. */
const DEFAULT_GRACE = PLATFORMS.kubernetes.grace

const POD_KINDS = 'Deployment|StatefulSet|DaemonSet|ReplicaSet|Pod|Job|CronJob|Rollout'

/** Examines how the pods of a manifest are stopped, document by document. */
export const kubernetes: Kind = {
  name: 'Kubernetes',
  noun: 'Kubernetes manifest',
  isPath: (path) => /\.ya?ml$/.test(path),
  isContent: isManifest,
  examine: examineKubernetes,
}

/** Whether YAML text, not yet parsed, describes pods. */
function isManifest(text: string): boolean {
  const kind = new RegExp(`^[ \\t-]*["']?kind["']?:[ \\t]*["']?(${POD_KINDS}|List)\\b`, 'm')
  return kind.test(text) && /^[ \t-]*["']?apiVersion["']?:/m.test(text)
}

function examineKubernetes(context: ExamineContext): void {
  const yaml = parseYaml(context)
  if (!yaml) return
  const { documents, isTemplate } = yaml
  const resources = documents.flatMap((one) => at(one, 'items')?.items ?? [one])
  for (const resource of resources) {
    const pod = podOf(resource)
    if (!pod) continue
    if (isTemplate) noteTemplate(context)
    examinePod(pod, textAt(resource, 'kind') ?? '', isTemplate, context)
  }
}

function podOf(resource: Data): Data | undefined {
  const kind = textAt(resource, 'kind') ?? ''
  if (!new RegExp(`^(${POD_KINDS})$`).test(kind)) return undefined
  if (kind === 'Pod') return at(resource, 'spec')
  const template = kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec'] : ['spec']
  return at(resource, ...template, 'template', 'spec')
}

function examinePod(pod: Data, kind: string, isTemplate: boolean, context: ExamineContext): void {
  const containers = at(pod, 'containers')?.items ?? []
  const own = containers.filter((container) => {
    const image = textAt(container, 'image')
    if (!isForeignImage(image)) return true
    context.note(`container '${textAt(container, 'name')}' (${image}) is not the application's own`)
    return false
  })
  if (own.length === 0) return
  // A patch, as for kustomize: missing settings may be in the patched manifest.
  const isPatch = own.every((container) => !container.entries.has('image'))
  const isWhole = !isPatch && !isTemplate
  for (const container of own) {
    checkContainerCommand(container, kind, context)
    const signal = textAt(container, 'lifecycle', 'stopSignal')
    const lifecycle = at(container, 'lifecycle')
    if (signal !== undefined && lifecycle) {
      checkStopSignal(context, {
        offset: offsetOfKey(lifecycle, 'stopSignal'),
        signal,
        setting: 'lifecycle.stopSignal',
        edits: (better) => setKey(lifecycle, 'stopSignal', better),
      })
    }
    checkPreStop(container, context)
    const isServer = /^(Deployment|StatefulSet|DaemonSet|ReplicaSet|Rollout)$/.test(kind)
    checkProbes(container, { isServer, isWhole }, context)
  }
  checkTerminationGrace(pod, own, isWhole, severityIn(kind), context)
}

function checkContainerCommand(container: Data, kind: string, context: ExamineContext): void {
  const [command, args] = ['command', 'args'].map((key) => at(container, key))
  const commandWords = textList(command) ?? []
  const argsWords = textList(args) ?? []
  if (commandWords.length + argsWords.length === 0) return
  const launchContext = context.launchContext({ inContainer: true })
  const started = followCommand([...commandWords, ...argsWords], launchContext)
  const isInArgs = args && followCommand(argsWords, context.launchContext()).obstacle
  const key = command && !isInArgs ? 'command' : 'args'
  reportLaunch(context, started, {
    offset: offsetOfKey(container, key),
    starter: 'container',
    severity: severityIn(kind),
    edits: (better) => {
      if (key === 'args') return setCommand(container, 'args', better.slice(commandWords.length))
      const edits = setCommand(container, 'command', better)
      return args ? [...edits, ...setKey(container, 'args', '[]')] : edits
    },
  })
}

/** A job ends by itself. It is seldom stopped. */
function severityIn(kind: string): Severity {
  return /Job$/.test(kind) ? 'warning' : 'error'
}

function checkTerminationGrace(
  pod: Data,
  containers: readonly Data[],
  isWhole: boolean,
  severity: Severity,
  context: ExamineContext,
): void {
  const setting = at(pod, 'terminationGracePeriodSeconds')
  if (setting?.isUnknown || (!setting && !isWhole)) return
  const granted = setting ? Number(setting.scalar) * 1000 : DEFAULT_GRACE
  if (Number.isNaN(granted)) {
    const line = context.file.lineOf(offsetOfKey(pod, 'terminationGracePeriodSeconds'))
    context.reportUnread(`'${setting?.scalar}' is not a number of seconds`, line)
    return
  }
  const grace = context.grace(DEFAULT_GRACE, 'Kubernetes')
  const preStops = containers.map(preStopDuration)
  if (preStops.includes(undefined)) {
    context.note(
      'the duration of its preStop is not known, and counts towards terminationGracePeriodSeconds',
    )
  }
  const before = preStops.includes(undefined) ? 0 : Math.max(...preStops.map(Number))
  if (granted > before && granted >= (grace?.value ?? 0) + before) return
  const needed = String(Math.max(1, wholeSeconds((grace?.value ?? DEFAULT_GRACE) + before)))
  const is = setting
    ? `terminationGracePeriodSeconds is ${setting.scalar}`
    : 'terminationGracePeriodSeconds is not set, so it is 30'
  const place = {
    severity,
    fix: `Grant it ${needed} s${before > 0 ? ', preStop included' : ''}, or give createShutdown() a shorter grace.`,
    offset: offsetOfKey(pod, 'terminationGracePeriodSeconds'),
    edits: setKey(pod, 'terminationGracePeriodSeconds', needed),
  }
  if (granted <= 0) {
    const says = `${is}: the pod is killed at once, and no hook runs.`
    context.report({ rule: 'grace-too-short', says, ...place })
  } else if (granted <= before) {
    const says = `${is}, and the preStop takes ${wholeSeconds(before)} s of it: the application gets SIGTERM and, within 2 s, SIGKILL. Its hooks are cut off.`
    context.report({ rule: 'prestop-too-long', says, ...place })
  } else if (grace) {
    const taken = before > 0 ? `, of which the preStop takes ${wholeSeconds(before)} s` : ''
    reportShortGrace(context, { setting: `${is}${taken}`, grace, ...place })
  }
}

/** How long a container's preStop takes, in milliseconds; `undefined` if it is not known. */
function preStopDuration(container: Data): number | undefined {
  const preStop = at(container, 'lifecycle', 'preStop')
  if (!preStop || preStop.scalar === null) return 0
  const sleep = at(preStop, 'sleep', 'seconds')
  if (sleep) return typeof sleep.scalar === 'number' ? sleep.scalar * 1000 : undefined
  const text = textList(at(preStop, 'exec', 'command'))?.join(' ') ?? ''
  const sleeps = [...text.matchAll(/(?:^|[\s/;&'"])sleep\s+(\d+(?:\.\d+)?)([smh]?)/g)]
  if (sleeps.length === 0) return undefined
  const units: Record<string, number> = { '': 1000, s: 1000, m: 60_000, h: 3_600_000 }
  return sleeps.reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (units[unit] ?? 1000),
    0,
  )
}

/** Kubernetes starts a preStop without a shell. If it needs one, it fails, and SIGTERM comes at once. */
function checkPreStop(container: Data, context: ExamineContext): void {
  const exec = at(container, 'lifecycle', 'preStop', 'exec')
  const command = textList(at(exec, 'command'))
  if (!exec || !command) return
  const [program = ''] = command
  const needsShell =
    (/\s/.test(program.trim()) && command.length === 1) ||
    command.some((word) => /^(&&|\|\||;|\||&)$/.test(word))
  if (isProgram(baseOf(program), 'shell') || !needsShell) return
  const text = command.join(' ')
  const better = /[;&|$]/.test(text) ? ['/bin/sh', '-c', text] : program.trim().split(/\s+/)
  context.report({
    rule: 'prestop-not-run',
    says: `Kubernetes starts the preStop without a shell, and there is no program '${program}'${command.length > 1 ? ' that takes these arguments' : ''}: it fails (FailedPreStopHook), and SIGTERM comes at once, without the intended wait.`,
    fix: 'Give each word its own item, or start a shell.',
    offset: offsetOfKey(exec, 'command'),
    edits: setKey(exec, 'command', jsonList(better)),
  })
}
