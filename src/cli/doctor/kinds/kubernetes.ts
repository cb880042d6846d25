import { PLATFORMS } from '../../../platform/platforms.ts'
import { launch } from '../launch/command.ts'
import { at, type Data, placeOf, set, setCommand, textAt, texts } from '../parse/data.ts'
import { seconds } from '../parse/durations.ts'
import type { SourceFile } from '../parse/source.ts'
import { readYaml } from '../parse/yaml.ts'
import { reportLaunch } from '../report-launch.ts'
import type { Severity } from '../rules.ts'
import type { World } from '../world.ts'
import { isForeign } from './parts/images.ts'
import { checkPreStop, preStopOf } from './parts/pre-stop.ts'
import { checkProbes } from './parts/probes.ts'
import { checkStopSignal } from './parts/stop-signal.ts'

/** `terminationGracePeriodSeconds`, where it is not set, in milliseconds. */
const DEFAULT = PLATFORMS.kubernetes.grace

const KINDS = 'Deployment|StatefulSet|DaemonSet|ReplicaSet|Pod|Job|CronJob|Rollout'

/** Whether a YAML file has to do with pods, before anybody parses it. */
export function isManifest(text: string): boolean {
  const hasKind = new RegExp(`^[ \\t-]*["']?kind["']?:[ \\t]*["']?(${KINDS}|List)\\b`, 'm').test(
    text,
  )
  return hasKind && /^[ \t-]*["']?apiVersion["']?:/m.test(text)
}

/** Reads how the pods of a manifest are stopped, document by document. */
export function examineKubernetes(file: SourceFile, world: World): void {
  const { documents, errors, isTemplate } = readYaml(file)
  for (const { offset, message } of errors.slice(0, 1)) {
    const what = isTemplate ? 'it is no YAML even without its {{ }}' : 'it is no YAML'
    world.unread(file.path, `${what}: ${message}`, file.lineOf(offset))
  }
  if (errors.length > 0) return
  const resources = documents.flatMap((one) => at(one, 'items')?.items ?? [one])
  for (const resource of resources) {
    const pod = podOf(resource)
    if (!pod) continue
    if (isTemplate) world.note(file.path, 'is a template: what stands in {{ }} is not known')
    examinePod(pod, { kind: textAt(resource, 'kind') ?? '', isTemplate }, file, world)
  }
}

function podOf(resource: Data): Data | undefined {
  const kind = textAt(resource, 'kind') ?? ''
  if (!new RegExp(`^(${KINDS})$`).test(kind)) return undefined
  if (kind === 'Pod') return at(resource, 'spec')
  const template = kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec'] : ['spec']
  return at(resource, ...template, 'template', 'spec')
}

interface About {
  readonly kind: string
  readonly isTemplate: boolean
}

function examinePod(pod: Data, { kind, isTemplate }: About, file: SourceFile, world: World): void {
  const containers = at(pod, 'containers')?.items ?? []
  const own = containers.filter((container) => {
    const image = textAt(container, 'image')
    if (!isForeign(image)) return true
    world.note(
      file.path,
      `container '${textAt(container, 'name')}' (${image}) is not the application's`,
    )
    return false
  })
  if (own.length === 0) return
  // A part of a manifest that is laid over another one, as kustomize does: what is missing is there.
  const isPart = own.every((container) => !container.entries.has('image'))
  const isWhole = !isPart && !isTemplate
  for (const container of own) {
    checkCommand(container, kind, file, world)
    const signal = textAt(container, 'lifecycle', 'stopSignal')
    const lifecycle = at(container, 'lifecycle')
    if (signal !== undefined && lifecycle) {
      checkStopSignal(world, {
        file,
        offset: placeOf(lifecycle, 'stopSignal'),
        signal,
        setting: 'lifecycle.stopSignal',
        edits: (better) => set(lifecycle, 'stopSignal', better),
      })
    }
    checkPreStop(container, file, world)
    const isServer = /^(Deployment|StatefulSet|DaemonSet|ReplicaSet|Rollout)$/.test(kind)
    checkProbes(container, { isServer, isWhole }, file, world)
  }
  checkGrace(pod, own, { isWhole, severity: severityIn(kind) }, file, world)
}

function checkCommand(container: Data, kind: string, file: SourceFile, world: World): void {
  const [command, args] = ['command', 'args'].map((key) => at(container, key))
  const front = texts(command) ?? []
  const rest = texts(args) ?? []
  if (front.length + rest.length === 0) return
  const started = launch([...front, ...rest], world.around(file, { inFront: true }))
  const key = command && !(launch(rest, world.around(file)).trouble && args) ? 'command' : 'args'
  reportLaunch(world, started, {
    file,
    offset: placeOf(container, key),
    by: 'container',
    severity: severityIn(kind),
    edits: (better) => {
      if (key === 'args') return setCommand(container, 'args', better.slice(front.length))
      const edits = setCommand(container, 'command', better)
      return args ? [...edits, ...set(container, 'args', '[]')] : edits
    },
  })
}

/** What ends by itself is seldom stopped. */
function severityIn(kind: string): Severity {
  return /Job$/.test(kind) ? 'warning' : 'error'
}

function checkGrace(
  pod: Data,
  containers: readonly Data[],
  { isWhole, severity }: { isWhole: boolean; severity: Severity },
  file: SourceFile,
  world: World,
): void {
  const said = at(pod, 'terminationGracePeriodSeconds')
  if (said?.isUnknown) return
  if (!said && !isWhole) return
  const granted = said ? Number(said.scalar) * 1000 : DEFAULT
  if (Number.isNaN(granted)) {
    const line = file.lineOf(placeOf(pod, 'terminationGracePeriodSeconds'))
    world.unread(file.path, `'${said?.scalar}' is no number of seconds`, line)
    return
  }
  const grace = world.grace(file, DEFAULT, 'Kubernetes')
  const preStop = containers.reduce<number | undefined>((most, container) => {
    const length = preStopOf(container)
    return length === undefined || most === undefined ? undefined : Math.max(most, length)
  }, 0)
  if (preStop === undefined) {
    world.note(
      file.path,
      'how long its preStop takes is not to be told: it counts in terminationGracePeriodSeconds',
    )
  }
  const before = preStop ?? 0
  const needed = (grace?.value ?? 0) + before
  if (granted > before && granted >= needed && granted > 0) return
  if (!grace && granted > before) return
  const value = String(Math.max(1, seconds(grace ? needed : before + DEFAULT)))
  const is = said
    ? `terminationGracePeriodSeconds is ${said.scalar}`
    : `terminationGracePeriodSeconds is not set, so it is ${seconds(DEFAULT)}`
  const allows = `the application allows itself ${seconds(grace?.value ?? DEFAULT)} s (${grace?.from})`
  const eaten = granted > 0 && granted <= before
  world.report({
    rule: eaten ? 'prestop-too-long' : 'grace-too-short',
    severity,
    file,
    offset: said ? placeOf(pod, 'terminationGracePeriodSeconds') : pod.start,
    says:
      granted === 0
        ? `${is}: the pod is killed at once, and no hook runs.`
        : eaten
          ? `${is}, and the preStop takes ${seconds(before)} s of it: the application gets SIGTERM and, within 2 s, SIGKILL. Its hooks are cut in two.`
          : `${is}${before > 0 ? `, of which the preStop takes ${seconds(before)} s` : ''}, and ${allows}: it is killed in the middle of its hooks, and what comes last, the flush, is lost.`,
    fix: `Grant it ${value} s${before > 0 ? ', preStop included' : ''}, or give createShutdown() a shorter grace.`,
    edits: set(pod, 'terminationGracePeriodSeconds', value),
  })
}
