import type { Tally } from './clients/tally.ts'
import type { WrkTally } from './clients/wrk.ts'
import type { Fault } from './faults.ts'
import type { FleetOptions } from './fleet.ts'
import type { Life } from './instance.ts'
import type { Replacement } from './replacement.ts'

/** What became of everybody while instances were replaced. */
export interface Outcome extends FleetOptions {
  /** How the balancer finds out. */
  readonly checks: string
  /** Of each instance that was replaced. */
  readonly lives: readonly Life[]
  /** Those that were replaced one after another, with when everybody knew. */
  readonly replacements: readonly Replacement[]
  readonly throughBalancer: Tally
  readonly throughEtcd: Tally
  readonly wrk: WrkTally
  /** What the balancer tried again elsewhere. */
  readonly retries: number
  /** What it says of requests that it could not hand on. */
  readonly complaints: readonly string[]
  readonly acknowledged: number
  readonly lostInPostgres: number
  readonly lostInRedis: number
  /** Events that are in Redis more than once. */
  readonly repeated: number
}

/** What failed of requests that went through the balancer, wrk's included. */
export function failedThroughBalancer({ throughBalancer, wrk }: Outcome): number {
  const ofWrk = Object.values(wrk.failures).reduce((total, some) => total + some, 0)
  return throughBalancer.failures.length + ofWrk
}

/** How long an instance took to leave, in milliseconds. */
export const leaving = ({ signalledAt, endedAt }: Life): number => endedAt - signalledAt

/** What was promised of a fleet that is restarted, and not kept. */
export function problemsOf(outcome: Outcome): string[] {
  const { way, balancer, lostInPostgres, lostInRedis, lives } = outcome
  const failed = failedThroughBalancer(outcome)
  const lost = lostInPostgres + lostInRedis
  if (way !== 'lastcall') {
    return failed + lost > 0
      ? []
      : [`${way}, ${balancer}: nothing was lost, so this proves nothing`]
  }
  return [
    // nginx asks nobody before it sends: it may find out too late.
    balancer === 'HAProxy' && failed > 0 && `${failed} requests have failed`,
    // And nothing has it stay until those have heard that choose by what etcd tells them.
    balancer === 'HAProxy' &&
      outcome.throughEtcd.failures.length > 0 &&
      `${outcome.throughEtcd.failures.length} requests of clients of etcd have failed`,
    lost > 0 && `${lost} acknowledged writes are lost`,
    lives.some(({ code }) => code !== 0) && 'an instance has not left with code 0',
  ]
    .filter((problem) => problem !== false)
    .map((problem) => `${way}, ${balancer}: ${problem}`)
}

/** The same of a fault: whatever is acknowledged is kept, and how it ended is told by the code. */
export function problemsOfFault(fault: Fault, outcome: Outcome): string[] {
  const { lostInPostgres, lostInRedis, lives } = outcome
  const told = lives.map(({ code, killedBy }) => killedBy ?? Number(code))
  const failed = failedThroughBalancer(outcome)
  return [
    failed > 0 && !fault.mayFail && `${failed} requests have failed`,
    lostInPostgres > 0 && `${lostInPostgres} orders are lost`,
    lostInRedis > 0 && !fault.losesEvents && `${lostInRedis} events are lost`,
    told.some((code) => !fault.codes.includes(code)) && `left with ${told.join(', ')}`,
  ]
    .filter((problem) => problem !== false)
    .map((problem) => `${fault.name}: ${problem}`)
}
