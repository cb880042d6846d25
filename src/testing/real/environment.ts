import { PLATFORMS } from '../../platform/platforms.ts'

/** Variables by name; `undefined` removes one. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The variables that tell a program its platform. The test itself may run in a pod, in a unit or under PM2,
 * and the program that it starts must not take that for its own platform.
 */
export const PLATFORM_VARIABLES: readonly string[] = [
  ...Object.values(PLATFORMS).flatMap(({ variables, configured }) =>
    configured ? [...variables, configured.variable] : variables,
  ),
  'LASTCALL_INSTANCE',
  'NODE_APP_INSTANCE',
]

/**
 * The variable that marks the processes that a program starts. It finds a process that has left the group
 * and lost its parent.
 */
export const MARK = 'LASTCALL_TEST_PROGRAM'

/** The variable with its value, as a process has it in its environment. */
export function markOf(mark: string): string {
  return `${MARK}=${mark}`
}

/** This process's variables without those of its platform, then the simulated platform's, then the test's. */
export function environmentOf(
  inherited: Environment,
  ofPlatform: Environment,
  given: Environment,
  mark: string,
): Record<string, string> {
  const removed = Object.fromEntries(PLATFORM_VARIABLES.map((name) => [name, undefined]))
  const all = { ...inherited, ...removed, ...ofPlatform, ...given, [MARK]: mark }
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
