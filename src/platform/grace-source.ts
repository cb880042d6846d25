import type { Platform } from './platform.ts'

export const SET_BY_APPLICATION = 'set by the application'

/** Who grants the grace where the application has not set one, in words. */
export function grantedBy({ name }: Pick<Platform, 'name'>): string {
  if (name === 'lastcall') return 'from LASTCALL_GRACE'
  return name === 'unknown' ? 'the default' : name
}

/**
 * Who set the grace of a report or a plan, in words. Neither says so itself: a grace other than the
 * platform's was set by the application. The same grace on an unknown platform may be either.
 */
export function graceSourceOf(from: {
  readonly grace: number
  readonly platform: Platform
}): string | undefined {
  const { grace, platform } = from
  if (grace !== platform.grace) return SET_BY_APPLICATION
  return platform.name === 'unknown' ? undefined : grantedBy(platform)
}
