import { LONGEST_TIMER } from '../base/duration.ts'
import type { ProcessPort } from '../runtime/process.ts'

export type PlatformName =
  | 'lastcall'
  | 'docker'
  | 'kubernetes'
  | 'ecs'
  | 'cloud-run'
  | 'heroku'
  | 'fly'
  | 'nomad'
  | 'systemd'
  | 'supervisord'
  | 'pm2'
  | 'azure-container-apps'
  | 'azure-app-service'
  | 'lambda'
  | 'vercel'
  | 'render'
  | 'railway'
  | 'windows'
  | 'unknown'

/** What the process runs on, as far as that is known, and from what that was concluded. */
export interface Platform {
  readonly name: PlatformName
  /** What it grants between the stop signal and SIGKILL, in milliseconds. */
  readonly grace: number
  /** What gave it away. */
  readonly because: string
  /** What else was recognised, and grants more: where one runs inside of another, the shortest grace counts. */
  readonly also: readonly PlatformGuess[]
}

export type PlatformGuess = Omit<Platform, 'also'>

/** What the guess is made from. */
export type PlatformEvidence = Pick<ProcessPort, 'env' | 'pid' | 'ppid' | 'platform' | 'fileExists'>

/** What is granted where nothing is known: what `docker stop` grants. */
export const USUAL_GRACE = 10_000

/**
 * Concludes from the environment what the process runs on. Where several platforms are recognised,
 * the one that grants least is taken: a guess must never be longer than what will be granted.
 */
export function guessPlatform(surroundings: PlatformEvidence): Platform {
  const guesses = DETECTORS.map((rule) => rule(surroundings)).filter((guess) => guess !== undefined)
  const [shortest, ...also] = guesses.sort((a, b) => a.grace - b.grace)
  if (shortest) return Object.freeze({ ...shortest, also: Object.freeze(also) })
  return Object.freeze({ ...container(surroundings), also: Object.freeze([]) })
}

type Rule = (surroundings: PlatformEvidence) => PlatformGuess | undefined

/** A platform that is known by a variable, and grants so many milliseconds by default. */
function byVariable(name: PlatformName, grace: number, ...variables: string[]): Rule {
  return ({ env }) => {
    const found = variables.find((variable) => env[variable])
    return found === undefined ? undefined : { name, grace, because: `${found} is set` }
  }
}

/** The same, where another variable, if it is set, says what is granted. */
function bySetting(
  name: PlatformName,
  grace: number,
  setting: string,
  unit: number,
  ...variables: string[]
): Rule {
  const usual = byVariable(name, grace, ...variables, setting)
  return (surroundings) => {
    const guess = usual(surroundings)
    const value = surroundings.env[setting]
    if (!guess || value === undefined || !/^\d+$/.test(value) || Number(value) === 0) return guess
    return { name, grace: Number(value) * unit, because: `${setting} is ${value}` }
  }
}

// The sources of the times are in docs/reference.md, at detectPlatform().
const DETECTORS: readonly Rule[] = [
  supervised,
  byVariable('kubernetes', 30_000, 'KUBERNETES_SERVICE_HOST'),
  byVariable('ecs', 30_000, 'ECS_CONTAINER_METADATA_URI_V4', 'ECS_CONTAINER_METADATA_URI'),
  byVariable('cloud-run', 10_000, 'K_SERVICE'),
  byVariable('heroku', 30_000, 'DYNO'),
  byVariable('fly', 5000, 'FLY_APP_NAME'),
  byVariable('nomad', 5000, 'NOMAD_ALLOC_ID'),
  byVariable('supervisord', 10_000, 'SUPERVISOR_ENABLED'),
  byVariable('azure-container-apps', 30_000, 'CONTAINER_APP_NAME'),
  byVariable('lambda', 300, 'AWS_LAMBDA_FUNCTION_NAME'),
  byVariable('vercel', 500, 'VERCEL'),
  byVariable('render', 30_000, 'RENDER'),
  pm2,
  bySetting(
    'azure-app-service',
    5000,
    'WEBSITES_CONTAINER_STOP_TIME_LIMIT',
    1000,
    'WEBSITE_SITE_NAME',
  ),
  bySetting(
    'railway',
    3000,
    'RAILWAY_DEPLOYMENT_DRAINING_SECONDS',
    1000,
    'RAILWAY_ENVIRONMENT_NAME',
    'RAILWAY_SERVICE_ID',
  ),
  systemd,
  ({ platform }) =>
    platform === 'win32'
      ? {
          name: 'windows',
          grace: 5000,
          because: 'a closed console ends its programs after about 5 s',
        }
      : undefined,
]

/** What `supervise()` and `lastcall run` tell the programs that they run: what they grant, in milliseconds. */
function supervised({ env }: PlatformEvidence): PlatformGuess | undefined {
  const grace = Number(env.LASTCALL_GRACE)
  if (!(grace >= 1 && grace <= LONGEST_TIMER)) return undefined
  return { name: 'lastcall', grace, because: `LASTCALL_GRACE is ${env.LASTCALL_GRACE}` }
}

/** PM2 hands its whole configuration to the process as variables; `kill_timeout` is in milliseconds. */
function pm2(surroundings: PlatformEvidence): PlatformGuess | undefined {
  if (surroundings.env.pm_id === undefined) return undefined
  return bySetting(
    'pm2',
    1600,
    'kill_timeout',
    1,
    'pm_id',
  )({
    ...surroundings,
    env: { pm_id: 'yes', kill_timeout: surroundings.env.kill_timeout },
  })
}

/**
 * systemd's variables are inherited by everything that a service, or a desktop's terminal, starts:
 * only its own child is sure of its 90 s.
 */
function systemd({ env, pid, ppid }: PlatformEvidence): PlatformGuess | undefined {
  const variable = ['INVOCATION_ID', 'NOTIFY_SOCKET'].find((name) => env[name])
  if (variable === undefined) return undefined
  if (env.SYSTEMD_EXEC_PID === String(pid)) {
    return { name: 'systemd', grace: 90_000, because: 'SYSTEMD_EXEC_PID is this process' }
  }
  if (env.SYSTEMD_EXEC_PID === undefined && ppid === 1) {
    return { name: 'systemd', grace: 90_000, because: `${variable} is set and the parent is PID 1` }
  }
  return undefined
}

function container({ fileExists }: PlatformEvidence): PlatformGuess {
  const mark = ['/.dockerenv', '/run/.containerenv'].find(fileExists)
  if (mark !== undefined) return { name: 'docker', grace: USUAL_GRACE, because: `${mark} exists` }
  return {
    name: 'unknown',
    grace: USUAL_GRACE,
    because: 'nothing was recognised; docker stop grants 10 s',
  }
}
