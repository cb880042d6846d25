/** Variables, by name; `undefined` takes one away. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The variables by which a program concludes what it runs on. The test itself may run in a pod, in a
 * unit or under PM2, and what it starts must not believe that it does, too.
 */
export const PLATFORM_VARIABLES = [
  'LASTCALL_GRACE',
  'LASTCALL_INSTANCE',
  'KUBERNETES_SERVICE_HOST',
  'ECS_CONTAINER_METADATA_URI_V4',
  'ECS_CONTAINER_METADATA_URI',
  'K_SERVICE',
  'DYNO',
  'FLY_APP_NAME',
  'NOMAD_ALLOC_ID',
  'SUPERVISOR_ENABLED',
  'CONTAINER_APP_NAME',
  'AWS_LAMBDA_FUNCTION_NAME',
  'VERCEL',
  'RENDER',
  'pm_id',
  'kill_timeout',
  'NODE_APP_INSTANCE',
  'WEBSITES_CONTAINER_STOP_TIME_LIMIT',
  'WEBSITE_SITE_NAME',
  'RAILWAY_DEPLOYMENT_DRAINING_SECONDS',
  'RAILWAY_ENVIRONMENT_NAME',
  'RAILWAY_SERVICE_ID',
  'INVOCATION_ID',
  'NOTIFY_SOCKET',
  'SYSTEMD_EXEC_PID',
] as const

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
