import {
  PLATFORMS,
  type PlatformEvidence,
  type PlatformFacts,
  type PlatformName,
} from './platforms.ts'

export type { PlatformName } from './platforms.ts'

/** What the process runs on, as far as that is known, and what it was concluded from. */
export interface Platform {
  readonly name: PlatformName
  /** Milliseconds between the stop signal and SIGKILL. */
  readonly grace: number
  /** What it was recognised by. */
  readonly because: string
  /** The others that were recognised, and grant more. Where one runs inside another, the shortest grace counts. */
  readonly also: readonly PlatformGuess[]
}

export type PlatformGuess = Omit<Platform, 'also'>

/**
 * Concludes from the environment what the process runs on. Where several platforms are recognised, the one
 * that grants least is taken: the guess must not be longer than what will be granted.
 */
export function guessPlatform(evidence: PlatformEvidence): Platform {
  const { docker, unknown, ...others } = PLATFORMS
  const recognised = guessesOf(others, evidence).sort((a, b) => a.grace - b.grace)
  const [shortest, ...also] = recognised
  const guess = shortest ?? guessesOf({ docker, unknown }, evidence)[0]
  return Object.freeze({ ...(guess as PlatformGuess), also: Object.freeze(also) })
}

function guessesOf(
  platforms: { readonly [Name in PlatformName]?: PlatformFacts },
  evidence: PlatformEvidence,
): PlatformGuess[] {
  const entries = Object.entries(platforms) as [PlatformName, PlatformFacts][]
  return entries.flatMap(([name, facts]) => {
    const { recognise = byVariable(facts), grace } = facts
    const recognised = recognise(evidence)
    return recognised ? [{ name, grace, ...recognised }] : []
  })
}

/** Recognises a platform by its variables, and reads what it is configured to grant. */
function byVariable({
  variables,
  configured,
}: PlatformFacts): NonNullable<PlatformFacts['recognise']> {
  return ({ env }) => {
    const found = variables.find((variable) => env[variable])
    if (found === undefined) return undefined
    const value = (configured && env[configured.variable]) ?? ''
    if (!configured || !/^\d+$/.test(value) || Number(value) === 0) {
      return { because: `${found} is set` }
    }
    return {
      grace: Number(value) * configured.unit,
      because: `${configured.variable} is ${value}`,
    }
  }
}

export const SET_BY_APPLICATION = 'set by the application'

/** Who grants the grace where the application has not set one, in words. */
export function grantedBy({ name }: Platform): string {
  if (name === 'lastcall') return 'from LASTCALL_GRACE'
  return name === 'unknown' ? 'the default' : name
}

/**
 * Who set the grace of a report or a plan, in words. Neither says so itself: a grace other than the
 * platform's was set by the application. The same grace on an unknown platform may be either.
 */
export function graceSourceOf({ grace, platform }: PlannedGrace): string | undefined {
  if (grace !== platform.grace) return SET_BY_APPLICATION
  return platform.name === 'unknown' ? undefined : grantedBy(platform)
}

type PlannedGrace = { readonly grace: number; readonly platform: Platform }

/** The shortest lame duck that a platform needs, in milliseconds; 0 where it needs none. */
export function minimumLameDuck(platform: Platform): number {
  return Math.max(...factsOf(platform).map((facts) => facts.minimumLameDuck ?? 0))
}

/** Whether the stop signal reaches every process, and not this one alone. */
export function signalsAll(platform: Platform): boolean {
  return factsOf(platform).some(({ signals }) => signals === 'all')
}

function factsOf(platform: Platform): PlatformFacts[] {
  return [platform, ...platform.also].map(({ name }) => PLATFORMS[name])
}
