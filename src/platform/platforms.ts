import { durationIn, LONGEST_TIMER } from '../base/duration.ts'
import type { ProcessPort } from '../runtime/process.ts'

/** What a process can see of its platform. */
export type PlatformEvidence = Pick<ProcessPort, 'env' | 'pid' | 'ppid' | 'platform' | 'fileExists'>

export interface PlatformFacts {
  /** Milliseconds between the stop signal and SIGKILL, where nothing else is configured. */
  readonly grace: number
  /** Which processes get the stop signal: PID 1 of the container, the process that was started, or all. */
  readonly signals: 'pid 1' | 'main process' | 'all'
  /**
   * The shortest lame duck, in milliseconds, if the platform removes the endpoint while it sends the
   * signal: until then, clients go on connecting. Default: none.
   */
  readonly minimumLameDuck?: number
  /** The environment variables that identify the platform. One that is not empty is enough. */
  readonly variables: readonly string[]
  /** The variable with the configured grace, and how many milliseconds its unit has. */
  readonly configured?: { readonly variable: string; readonly unit: number }
  /** Recognises the platform if a variable is not enough, and the grace if the process was given one. */
  readonly recognise?: (
    evidence: PlatformEvidence,
  ) => { readonly because: string; readonly grace?: number } | undefined
}

/** The platforms that `detectPlatform()` knows. */
export type PlatformName =
  | 'lastcall'
  | 'kubernetes'
  | 'ecs'
  | 'cloud-run'
  | 'heroku'
  | 'fly'
  | 'nomad'
  | 'supervisord'
  | 'azure-container-apps'
  | 'lambda'
  | 'vercel'
  | 'render'
  | 'pm2'
  | 'azure-app-service'
  | 'railway'
  | 'systemd'
  | 'windows'
  | 'docker'
  | 'unknown'

/**
 * All that is known of each platform. A new platform needs a name above, an entry here and a row in
 * docs/reference/platform.md at detectPlatform(), which has the sources of the times. Of two platforms with the same grace, the
 * first is taken.
 */
export const PLATFORMS: Readonly<Record<PlatformName, PlatformFacts>> = {
  // supervise() and `lastcall run` tell the programs that they start how long the grace is.
  lastcall: {
    grace: 10_000,
    signals: 'main process',
    variables: ['LASTCALL_GRACE'],
    recognise({ env: { LASTCALL_GRACE = '' } }) {
      const grace = durationIn(LASTCALL_GRACE)
      if (!(grace >= 1 && grace <= LONGEST_TIMER)) return undefined
      return { grace, because: `LASTCALL_GRACE is ${LASTCALL_GRACE}` }
    },
  },
  kubernetes: {
    grace: 30_000,
    signals: 'pid 1',
    minimumLameDuck: 5000,
    variables: ['KUBERNETES_SERVICE_HOST'],
  },
  ecs: {
    grace: 30_000,
    signals: 'pid 1',
    variables: ['ECS_CONTAINER_METADATA_URI_V4', 'ECS_CONTAINER_METADATA_URI'],
  },
  'cloud-run': { grace: 10_000, signals: 'pid 1', variables: ['K_SERVICE'] },
  heroku: { grace: 30_000, signals: 'all', variables: ['DYNO'] },
  fly: { grace: 5000, signals: 'main process', variables: ['FLY_APP_NAME'] },
  nomad: { grace: 5000, signals: 'main process', variables: ['NOMAD_ALLOC_ID'] },
  supervisord: { grace: 10_000, signals: 'main process', variables: ['SUPERVISOR_ENABLED'] },
  'azure-container-apps': { grace: 30_000, signals: 'pid 1', variables: ['CONTAINER_APP_NAME'] },
  lambda: { grace: 300, signals: 'main process', variables: ['AWS_LAMBDA_FUNCTION_NAME'] },
  vercel: { grace: 500, signals: 'main process', variables: ['VERCEL'] },
  render: { grace: 30_000, signals: 'pid 1', variables: ['RENDER'] },
  // PM2 passes its whole configuration on as variables. It signals the process and all its descendants
  // (`treekill`, its default).
  pm2: {
    grace: 1600,
    signals: 'all',
    variables: ['pm_id'],
    configured: { variable: 'kill_timeout', unit: 1 },
  },
  'azure-app-service': {
    grace: 5000,
    signals: 'pid 1',
    variables: ['WEBSITE_SITE_NAME', 'WEBSITES_CONTAINER_STOP_TIME_LIMIT'],
    configured: { variable: 'WEBSITES_CONTAINER_STOP_TIME_LIMIT', unit: 1000 },
  },
  railway: {
    grace: 3000,
    signals: 'pid 1',
    variables: [
      'RAILWAY_ENVIRONMENT_NAME',
      'RAILWAY_SERVICE_ID',
      'RAILWAY_DEPLOYMENT_DRAINING_SECONDS',
    ],
    configured: { variable: 'RAILWAY_DEPLOYMENT_DRAINING_SECONDS', unit: 1000 },
  },
  // `KillMode=control-group`, its default, signals every process of the unit.
  systemd: {
    grace: 90_000,
    signals: 'all',
    variables: ['INVOCATION_ID', 'NOTIFY_SOCKET', 'SYSTEMD_EXEC_PID'],
    // Everything that a service or a desktop's terminal starts inherits these variables. Only a direct
    // child of systemd is granted the 90 s.
    recognise({ env, pid, ppid }) {
      const variable = ['INVOCATION_ID', 'NOTIFY_SOCKET'].find((name) => env[name])
      if (variable === undefined) return undefined
      if (env.SYSTEMD_EXEC_PID === undefined) {
        return ppid === 1 ? { because: `${variable} is set and the parent is PID 1` } : undefined
      }
      return env.SYSTEMD_EXEC_PID === String(pid)
        ? { because: 'SYSTEMD_EXEC_PID is this process' }
        : undefined
    },
  },
  windows: {
    grace: 5000,
    signals: 'main process',
    variables: [],
    recognise: ({ platform }) =>
      platform === 'win32'
        ? { because: 'a closed console ends its programs after about 5 s' }
        : undefined,
  },
  // Only if none of the above is recognised: containers of other platforms have this file too.
  docker: {
    grace: 10_000,
    signals: 'pid 1',
    variables: [],
    recognise({ fileExists }) {
      const mark = ['/.dockerenv', '/run/.containerenv'].find(fileExists)
      return mark === undefined ? undefined : { because: `${mark} exists` }
    },
  },
  unknown: {
    grace: 10_000,
    signals: 'main process',
    variables: [],
    recognise: () => ({ because: 'nothing was recognised; docker stop grants 10 s' }),
  },
}
