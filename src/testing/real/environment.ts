import { PLATFORMS } from '../../platform/platforms.ts'

/** Variables, by name; `undefined` takes one away. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The variables that a program recognises its platform by. The test may itself run in a pod, in a unit or
 * under PM2. The programs that it starts must not conclude that they do.
 */
export const PLATFORM_VARIABLES: readonly string[] = [
  ...Object.values(PLATFORMS).flatMap(({ variables, configured }) =>
    configured ? [...variables, configured.variable] : variables,
  ),
  'LASTCALL_INSTANCE',
  'NODE_APP_INSTANCE',
]

/**
 * The variable that everything has which a program starts, and that nobody else has: by it a process is
 * found that has left the group and lost its parent.
 */
export const MARK = 'LASTCALL_TEST_PROGRAM'

/** The test's own variables, without those of its platform; then those of the preset; then the test's. */
export function environmentOf(
  inherited: Environment,
  ofPlatform: Environment,
  given: Environment,
  mark: string,
): Record<string, string> {
  const none = Object.fromEntries(PLATFORM_VARIABLES.map((name) => [name, undefined]))
  const all = { ...inherited, ...none, ...ofPlatform, ...given, [MARK]: mark }
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
