import { at, type Data, placeOf, set, textAt } from '../../parse/data.ts'
import { seconds } from '../../parse/durations.ts'
import type { SourceFile } from '../../parse/source.ts'
import type { World } from '../../world.ts'

/** Whether those who send requests find out in time that the application leaves. */
export function checkProbes(
  container: Data,
  { isServer, isWhole }: { isServer: boolean; isWhole: boolean },
  file: SourceFile,
  world: World,
): void {
  const readiness = at(container, 'readinessProbe')
  const ports = at(container, 'ports')?.items ?? []
  const port = ports.find((one) => !/metrics|admin|debug/.test(textAt(one, 'name') ?? ''))
  if (!readiness) {
    if (isServer && isWhole && port) tellMissing(container, port, file, world)
    return
  }
  if (!readiness.entries.has('httpGet')) return
  checkPace(readiness, file, world)
  const liveness = at(container, 'livenessProbe')
  const [live, ready] = [liveness, readiness].map((probe) => {
    const get = at(probe, 'httpGet')
    return `${textAt(get, 'port')} ${textAt(get, 'path')}`
  })
  const get = at(liveness, 'httpGet')
  if (!get || live !== ready || !isWhole) return
  const path = textAt(get, 'path') ?? '/'
  if (!/ready|readiness/i.test(path)) return
  world.report({
    rule: 'liveness-is-readiness',
    file,
    offset: placeOf(get, 'path'),
    says: `The liveness probe asks ${path}, which says 503 from the moment the application begins to leave: a kubelet that goes on asking (kubernetes/kubernetes#52817) takes it for dead in the middle of its drain, and restarts it.`,
    fix: 'Ask for liveness where it is told apart from readiness: /livez, as healthChecks() has it.',
    edits: set(get, 'path', '/livez'),
  })
}

function tellMissing(container: Data, port: Data, file: SourceFile, world: World): void {
  const number = textAt(port, 'name') ?? textAt(port, 'containerPort') ?? '3000'
  const edit = container.insert(
    'readinessProbe',
    `{ httpGet: { path: /readyz, port: ${number} }, periodSeconds: 2 }`,
  )
  world.report({
    rule: 'readiness-missing',
    file,
    offset: container.start,
    says: 'A container with a port has no readinessProbe: it gets requests before it can answer them, and when it says that it leaves nobody asks.',
    fix: 'Add one; healthChecks() answers at /readyz.',
    edits: edit ? [edit] : [],
  })
}

/**
 * Kubernetes' own pace, 10 s × 3, in milliseconds. It is everybody's, and a pod that is deleted loses
 * its endpoint with the signal, whatever its probe says: worth a warning is only what is slower.
 */
const USUAL_PACE = 30_000

function checkPace(probe: Data, file: SourceFile, world: World): void {
  const [period, times] = [
    ['periodSeconds', 10],
    ['failureThreshold', 3],
  ].map(([key, usual]) => {
    const said = at(probe, String(key))
    if (said?.isUnknown) return undefined
    return said ? Number(said.scalar) : Number(usual)
  })
  const lameDuck = world.lameDuck(file)
  if (period === undefined || times === undefined) return
  if (!(period * times * 1000 > Math.max(lameDuck, USUAL_PACE))) return
  const better = Math.max(1, Math.floor(seconds(lameDuck) / times))
  const fits = better * times * 1000 <= lameDuck
  world.report({
    rule: 'readiness-too-slow',
    file,
    offset: placeOf(probe, probe.entries.has('periodSeconds') ? 'periodSeconds' : 'httpGet'),
    says: `It takes ${period * times} s (periodSeconds ${period} × failureThreshold ${times}) until the readinessProbe believes a 503, and the lame duck lasts ${seconds(lameDuck)} s at most: the server stops listening before that. A pod that is deleted loses its endpoint all the same; where its container alone is stopped, as after a failed liveness probe, it is still sent requests.`,
    fix: 'Ask more often, or let the lame duck last longer (lameDuck.atMost of httpServer()).',
    edits: fits
      ? set(probe, 'periodSeconds', String(better))
      : [...set(probe, 'periodSeconds', '1'), ...set(probe, 'failureThreshold', '1')],
  })
}
