import {
  PLATFORMS,
  type PlatformEvidence,
  type PlatformFacts,
  type PlatformName,
} from './platforms.ts'

export type { PlatformName } from './platforms.ts'

/** The platform that the process runs on, as far as it is known, and the evidence. */
export interface Platform {
  readonly name: PlatformName
  /** Milliseconds between the stop signal and SIGKILL. */
  readonly grace: number
  /** The evidence that it was recognised by. */
  readonly because: string
  /**
   * Other platforms that were recognised. None grants less: the shortest grace counts, since one may run
   * inside another.
   */
  readonly also: readonly PlatformGuess[]
}

export type PlatformGuess = Omit<Platform, 'also'>

/**
 * Guesses the platform from the environment. Of several recognised platforms, takes the one that grants
 * least: the guess must not exceed the real grace.
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

/** Recognises a platform by its variables, and reads the configured grace. */
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

/** Where the grace comes from if the application has not set one, in words. */
export function grantedBy({ name }: Platform): string {
  if (name === 'lastcall') return 'from LASTCALL_GRACE'
  return name === 'unknown' ? 'the default' : name
}

/**
 * Who set the grace of a report or a plan, in words. Neither records it. A grace other than the
 * platform's was set by the application. `undefined` for the default grace on an unknown platform: the
 * application may have set the same.
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

/** Whether the stop signal reaches every process, not only this one. */
export function signalsAll(platform: Platform): boolean {
  return factsOf(platform).some(({ signals }) => signals === 'all')
}

/** Whether this platform is one of those that were recognised. */
export function isRecognised(platform: Platform, name: PlatformName): boolean {
  return [platform, ...platform.also].some((one) => one.name === name)
}

function factsOf(platform: Platform): PlatformFacts[] {
  return [platform, ...platform.also].map(({ name }) => PLATFORMS[name])
}
