import { describe, expect, test } from 'vitest'
import { Tally } from './clients/tally.ts'
import { FAULTS } from './faults.ts'
import type { Life } from './instance.ts'
import { type Outcome, problemsOf, problemsOfFault } from './outcome.ts'

function outcomeOf({ life, ...other }: Partial<Outcome> & { life?: Partial<Life> } = {}): Outcome {
  const some = {
    startedAt: 0,
    listensAt: 1,
    signalledAt: 2,
    signalledDate: 2,
    endedAt: 902,
    code: 0,
    killedBy: null,
  }
  return {
    way: 'lastcall',
    balancer: 'HAProxy',
    checks: '',
    lives: [{ ...some, log: '', ...life }],
    replacements: [],
    throughBalancer: new Tally(),
    throughEtcd: new Tally(),
    wrk: { requests: 1, longest: 1, failures: failuresOf(0) },
    retries: 0,
    complaints: [],
    acknowledged: 10,
    lostInPostgres: 0,
    lostInRedis: 0,
    repeated: 0,
    ...other,
  }
}
const failuresOf = (read: number) => ({ connect: 0, read, write: 0, timeout: 0, status: 0 })
const wrk = { requests: 1, longest: 1, failures: failuresOf(1) }

describe('a restart of the fleet', () => {
  test('is well where nothing has failed and nothing is lost', () => {
    expect(problemsOf(outcomeOf())).toEqual([])
  })

  test.each<[string, Parameters<typeof outcomeOf>[0]]>([
    ['1 requests have failed', { wrk }],
    ['1 acknowledged writes are lost', { lostInPostgres: 1 }],
    ['1 acknowledged writes are lost', { lostInRedis: 1 }],
    ['1 acknowledged writes are lost', { balancer: 'nginx', lostInRedis: 1 }],
    ['an instance has not left with code 0', { life: { code: 124 } }],
    ['an instance has not left with code 0', { life: { code: null, killedBy: 'SIGKILL' } }],
  ])('is not where %s: %j', (problem, outcome) => {
    const { balancer } = outcomeOf(outcome)
    expect(problemsOf(outcomeOf(outcome))).toEqual([`lastcall, ${balancer}: ${problem}`])
  })

  test('proves nothing where the comparison loses nothing either', () => {
    const way = 'server.close()'
    expect(problemsOf(outcomeOf({ way }))).toEqual([
      'server.close(), HAProxy: nothing was lost, so this proves nothing',
    ])
    expect(problemsOf(outcomeOf({ way, lostInRedis: 1 }))).toEqual([])
  })
})

describe('a fault on the way', () => {
  const [hangs, , killed] = FAULTS
  if (!hangs || !killed) throw new Error('there are no faults')

  test('may leave with no other code than the one that tells it', () => {
    expect(problemsOfFault(hangs, outcomeOf({ life: { code: 124 } }))).toEqual([])
    expect(problemsOfFault(hangs, outcomeOf())).toEqual(['a hook hangs: left with 0'])
  })

  test('may lose what waits in memory where the process is killed, and nothing else ever', () => {
    const life = { code: null, killedBy: 'SIGKILL' } as const
    expect(problemsOfFault(killed, outcomeOf({ life, lostInRedis: 2 }))).toEqual([])
    expect(problemsOfFault(killed, outcomeOf({ life, lostInPostgres: 2 }))).toEqual([
      'SIGKILL while it drains: 2 orders are lost',
    ])
    expect(problemsOfFault(hangs, outcomeOf({ life: { code: 124 }, lostInRedis: 2 }))).toEqual([
      'a hook hangs: 2 events are lost',
    ])
  })
})
