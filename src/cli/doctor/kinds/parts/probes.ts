import type { ExamineContext } from '../../examine-context.ts'
import { at, type Data, offsetOfKey, setKey, textAt } from '../../parse/data.ts'
import { wholeSeconds } from '../../parse/durations.ts'

/** Checks that requests stop before the server does, and that liveness is not readiness. */
export function checkProbes(
  container: Data,
  { isServer, isWhole }: { isServer: boolean; isWhole: boolean },
  context: ExamineContext,
): void {
  const readiness = at(container, 'readinessProbe')
  const ports = at(container, 'ports')?.items ?? []
  const port = ports.find((one) => !/metrics|admin|debug/.test(textAt(one, 'name') ?? ''))
  if (!readiness) {
    if (isServer && isWhole && port) reportMissing(container, port, context)
    return
  }
  if (!readiness.entries.has('httpGet')) return
  checkPace(readiness, context)
  const liveness = at(container, 'livenessProbe')
  const get = at(liveness, 'httpGet')
  const isSame = ['port', 'path'].every(
    (key) => textAt(get, key) === textAt(readiness, 'httpGet', key),
  )
  if (!get || !isSame || !isWhole) return
  const path = textAt(get, 'path') ?? '/'
  if (!/ready|readiness/i.test(path)) return
  context.report({
    rule: 'liveness-is-readiness',
    says: `The liveness probe asks ${path}, which answers 503 as soon as the shutdown begins: a kubelet that keeps probing (kubernetes/kubernetes#52817) restarts the application in the middle of its drain.`,
    fix: 'Use a path that says nothing about readiness, such as /livez of healthChecks().',
    offset: offsetOfKey(get, 'path'),
    edits: setKey(get, 'path', '/livez'),
  })
}

function reportMissing(container: Data, port: Data, context: ExamineContext): void {
  const number = textAt(port, 'name') ?? textAt(port, 'containerPort') ?? '3000'
  const edit = container.insert(
    'readinessProbe',
    `{ httpGet: { path: /readyz, port: ${number} }, periodSeconds: 2 }`,
  )
  context.report({
    rule: 'readiness-missing',
    offset: container.start,
    says: 'A container with a port has no readinessProbe: it gets requests before it can answer them, and nothing notices when it says that it is shutting down.',
    fix: 'Add one; healthChecks() answers at /readyz.',
    edits: edit ? [edit] : [],
  })
}

/**
 * Kubernetes' default pace, 10 s × 3, in milliseconds. Only a slower pace is worth a warning: most pods use
 * the default, and a deleted pod loses its endpoint with the signal, whatever its probe answers.
 */
const DEFAULT_PACE = 30_000

function checkPace(probe: Data, context: ExamineContext): void {
  const number = (setting: Data | undefined, fallback: number) =>
    setting ? Number(setting.isUnknown ? Number.NaN : setting.scalar) : fallback
  const period = number(at(probe, 'periodSeconds'), 10)
  const times = number(at(probe, 'failureThreshold'), 3)
  const lameDuck = context.application.lameDuck(context.file)
  if (!(period * times * 1000 > Math.max(lameDuck, DEFAULT_PACE))) return
  const better = Math.max(1, Math.floor(wholeSeconds(lameDuck) / times))
  const fits = better * times * 1000 <= lameDuck
  context.report({
    rule: 'readiness-too-slow',
    offset: offsetOfKey(probe, probe.entries.has('periodSeconds') ? 'periodSeconds' : 'httpGet'),
    says: `It takes ${period * times} s (periodSeconds ${period} × failureThreshold ${times}) until the readinessProbe fails after the first 503, and the lame duck lasts ${wholeSeconds(lameDuck)} s at most: the server stops listening before that. A deleted pod loses its endpoint anyway. But if only its container is stopped, as after a failed liveness probe, requests still come.`,
    fix: 'Probe more often, or let the lame duck last longer (lameDuck.atMost of httpServer()).',
    edits: fits
      ? setKey(probe, 'periodSeconds', String(better))
      : [...setKey(probe, 'periodSeconds', '1'), ...setKey(probe, 'failureThreshold', '1')],
  })
}
