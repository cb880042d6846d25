import { createRequire } from 'node:module'
import { parse as parseHcl } from '@cdktn/hcl2json'
import { parse, parseAllDocuments } from 'yaml'
import { goDuration, systemdTime } from '../../../src/cli/doctor/parse/durations.ts'
import { SourceFile } from '../../../src/cli/doctor/parse/source.ts'
import { readUnit, Service } from '../../../src/cli/doctor/parse/systemd-unit.ts'
import type { Texts } from './folder.ts'

export type PlatformName = 'Compose' | 'Kubernetes' | 'systemd' | 'PM2' | 'Nomad'

/** What a file says of the stop, as its platform reads it. Times are in milliseconds. */
export interface Stop {
  /** How long the program has between the signal and SIGKILL. */
  readonly granted: number
  /** What the platform waits between the end of new requests and the signal. */
  readonly before: number
  /** What of the surroundings the file sets for the program. */
  readonly env: Readonly<Record<string, string>>
  /** The port that the program is asked at. */
  readonly port: number
  readonly readiness?: Probe
  readonly liveness?: Probe
  /** The program and its arguments, where the file says so. */
  readonly command?: readonly string[]
  readonly image?: string
}

export interface Probe {
  readonly path: string
  readonly every: number
  readonly failures: number
}

/** Reads every file with a parser of its format. */
export async function readStops(texts: Texts): Promise<Record<PlatformName, Stop>> {
  return {
    Compose: compose(text(texts, 'compose.yaml')),
    Kubernetes: kubernetes(text(texts, 'kubernetes.yaml')),
    systemd: systemd(text(texts, 'shop.service')),
    PM2: pm2(text(texts, 'ecosystem.config.cjs')),
    Nomad: await nomad(text(texts, 'shop.nomad.hcl')),
  }
}

function compose(source: string): Stop {
  const { shop } = parse(source).services
  const { test, interval, retries } = shop.healthcheck
  // Its last argument is a program; what it asks for stands in there.
  const { port, pathname } = new URL(/http:[^'"]+/.exec(test.at(-1))?.[0] ?? '')
  const [published] = shop.ports
  return {
    granted: time(goDuration(shop.stop_grace_period ?? '10s')),
    before: 0,
    env: shop.environment ?? {},
    port: same(Number(port), Number(published.split(':').at(-1))),
    readiness: { path: pathname, every: time(goDuration(interval)), failures: retries },
    image: shop.image,
  }
}

function kubernetes(source: string): Stop {
  const documents = parseAllDocuments(source).map((document) => document.toJS())
  const { Deployment, Service } = Object.fromEntries(documents.map((one) => [one.kind, one]))
  const { terminationGracePeriodSeconds = 30, containers } = Deployment.spec.template.spec
  const [container] = containers
  const [{ name, containerPort }] = container.ports
  const before = (container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1000
  const probe = ({ httpGet, periodSeconds, failureThreshold }: KubernetesProbe): Probe => {
    same(httpGet.port, name)
    return { path: httpGet.path, every: periodSeconds * 1000, failures: failureThreshold }
  }
  same(Service.spec.ports[0].targetPort, name)
  return {
    granted: terminationGracePeriodSeconds * 1000 - before,
    before,
    env: Object.fromEntries(
      container.env.map((one: { name: string; value: string }) => [one.name, one.value]),
    ),
    port: containerPort,
    readiness: probe(container.readinessProbe),
    liveness: probe(container.livenessProbe),
    image: container.image,
  }
}

interface KubernetesProbe {
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly periodSeconds: number
  readonly failureThreshold: number
}

function systemd(source: string): Stop {
  const { settings, unknownLines } = readUnit(new SourceFile('shop.service', source))
  same(unknownLines.length, 0)
  const service = new Service(settings.filter(({ section }) => section === 'Service'))
  const assignments = service.all('Environment').flatMap(({ value }) => value.split(' '))
  const env = Object.fromEntries(assignments.map((one) => one.split('=', 2)))
  return {
    granted: time(systemdTime(service.last('TimeoutStopSec')?.value ?? '90')),
    before: 0,
    env,
    port: Number(env.PORT),
    command: service.last('ExecStart')?.value.split(' ') ?? [],
  }
}

function pm2(source: string): Stop {
  const module = { exports: {} as { apps: Pm2App[] } }
  new Function('module', 'require', source)(module, createRequire(import.meta.url))
  const [app] = module.exports.apps as [Pm2App]
  return {
    granted: app.kill_timeout ?? 1600,
    before: 0,
    env: app.env,
    port: Number(app.env.PORT),
    command: ['node', app.script],
  }
}

interface Pm2App {
  readonly script: string
  readonly kill_timeout?: number
  readonly env: Readonly<Record<string, string>>
}

async function nomad(source: string): Promise<Stop> {
  const { job } = await parseHcl('shop.nomad.hcl', source)
  const [group] = job.shop[0].group.shop
  const [task] = group.task.server
  const [config] = task.config
  const [port] = group.network[0].port.http
  const [service] = group.service
  same(service.port, config.ports[0])
  const probe = (name: string): Probe => {
    const { path, interval, check_restart } = service.check.find(
      (one: { name: string }) => one.name === name,
    )
    // What isn't to be restarted is taken out of the registry with the first failure.
    const failures = check_restart?.[0].limit ?? 1
    return { path, every: time(goDuration(interval)), failures }
  }
  return {
    granted: time(goDuration(task.kill_timeout ?? '5s')),
    before: time(goDuration(group.shutdown_delay ?? '0s')),
    env: task.env[0],
    port: port.to,
    readiness: probe('ready'),
    liveness: probe('alive'),
    image: config.image,
  }
}

function text(texts: Texts, file: string): string {
  const found = texts[file]
  if (found === undefined) throw new Error(`There is no ${file}`)
  return found
}

function time(milliseconds: number | undefined): number {
  if (milliseconds === undefined) throw new Error('This is no length of time there')
  return milliseconds
}

function same<T>(one: T, other: T): T {
  if (one !== other) throw new Error(`${one} is not ${other}, in one file`)
  return one
}
