import type { PlatformName, Stop } from './stops.ts'

/** What the program says of itself, in milliseconds. */
export interface Own {
  readonly grace: number
  /** How long it goes on accepting at most, for those who ask for readiness. */
  readonly lameDuck: number
  /** How often a prober has to be told before the library takes it to believe it. */
  readonly tellings: number
  readonly readyz: string
  readonly livez: string
  readonly command: readonly string[]
  readonly port: number
}

/** Where requests are handed out by what is told to the probe of this file, also without what waits. */
const ROUTES_BY_READINESS: ReadonlySet<PlatformName> = new Set(['Kubernetes'])

/** Nomad's clients cut a longer `kill_timeout` down to this, unless `max_kill_timeout` says otherwise. */
const NOMAD_ALLOWS = 30_000

/** As long as an endpoint of Kubernetes, or an entry of a registry, is taken to be still in use somewhere. */
const HEARD_WITHIN = 5000

/** In what the files and the program contradict each other: a sentence for each. */
export function disagreements(
  stops: Readonly<Record<PlatformName, Stop>>,
  own: Own,
): readonly string[] {
  const entries = Object.entries(stops) as [PlatformName, Stop][]
  const images = new Set(entries.flatMap(([, { image }]) => image ?? []))
  return [
    ...entries.flatMap(([name, stop]) =>
      [...times(name, stop, own), ...probes(name, stop, own), ...program(stop, own)].map(
        (what) => `${name}: ${what}`,
      ),
    ),
    ...(images.size === 1 ? [] : [`the images are ${[...images].join(' and ')}`]),
  ]
}

function* times(name: PlatformName, { granted, before, env }: Stop, own: Own): Generator<string> {
  if (granted < own.grace) yield `it grants ${granted} ms, and the program takes ${own.grace} ms`
  if (name === 'Nomad' && granted > NOMAD_ALLOWS) yield `${granted} ms is more than a client allows`
  const isOff = env.LAME_DUCK === '0s'
  if (before > 0 && !isOff) yield 'both wait: the platform before the signal, the program after it'
  if (before < HEARD_WITHIN && isOff) yield 'neither waits long enough until everybody has heard'
}

function* probes(
  name: PlatformName,
  { readiness, liveness, env }: Stop,
  own: Own,
): Generator<string> {
  if (readiness) {
    const { path, every, failures } = readiness
    if (path !== own.readyz) yield `readiness is asked for at ${path}`
    if (ROUTES_BY_READINESS.has(name) && every * failures > own.lameDuck) {
      yield `readiness is believed after ${every * failures} ms, the lame duck is over after ${own.lameDuck} ms`
    }
    // Whoever asks often is waited for, also where nobody goes by what he is told.
    if (env.LAME_DUCK !== '0s' && every * own.tellings <= own.lameDuck) {
      yield `it asks every ${every} ms, so that it is waited for, for nothing`
    }
  }
  if (liveness && liveness.path !== own.livez) yield `liveness is asked for at ${liveness.path}`
}

function* program({ command, port }: Stop, own: Own): Generator<string> {
  // Which node it is differs.
  const started = command && ['node', ...command.slice(1)].join(' ')
  if (command && (!/(?:^|\/)node$/.test(command[0] ?? '') || started !== own.command.join(' '))) {
    yield `it starts ${command.join(' ')}, and the image ${own.command.join(' ')}`
  }
  if (port !== own.port) yield `it asks at port ${port}, and the image has ${own.port}`
}
