import type { Lab } from './lab.ts'

/** Something that the package does, as a user would call it, and how to see from outside that it does. */
export interface Feature {
  readonly name: string
  /** Rejects where it doesn't work. */
  check(lab: Lab): Promise<unknown>
}

export interface FeatureGroup {
  readonly name: string
  readonly features: readonly Feature[]
}
