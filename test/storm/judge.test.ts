import { describe, expect, test } from 'vitest'
import { judge } from './judge.ts'
import { KINDS } from './kinds.ts'
import { planOf } from './plan.ts'
import type { Outcome } from './scenario.ts'

const plan = planOf(1, 300)

/** A process of this kind with three acknowledged writes; all is well with it unless a test says otherwise. */
function outcome(kind: string, others: Partial<Outcome> & { words?: string[] } = {}): Outcome {
  const scenario = plan.find((one) => one.kind === kind)
  if (!scenario) throw new Error(`No such kind: ${kind}`)
  const { words = ['listens to signals', 'flushed 3 writes'] } = others
  return {
    scenario,
    code: 0,
    sent: new Set(['1.1', '1.2', '1.3', '1.4']),
    acknowledged: new Set(['1.1', '1.2', '1.3']),
    found: ['1.1', '1.2', '1.3'],
    timeline: words,
    dealt: [{ what: 'SIGTERM', from: 0, until: 0 }],
    took: 1,
    said: (text) => words.some((line) => line.includes(text)),
    ...others,
  }
}

describe('writes', () => {
  test('that all stand in the file are no problem, nor is one that was never acknowledged', () => {
    expect(judge(outcome('one signal'))).toMatchObject({ found: 3, problems: [] })
    const more = outcome('one signal', { found: ['1.1', '1.2', '1.3', '1.4'] })
    expect(judge(more)).toMatchObject({ found: 3, problems: [] })
  })

  test.each(KINDS.map(({ name }) => name))(
    'of which one that was acknowledged is missing are a loss: %s',
    (kind) => {
      const { lost, problems } = judge(outcome(kind, { found: ['1.1', '1.3'] }))
      expect(lost).toEqual(['1.2'])
      expect(problems).toContain('lost 1 of 3: 1.2')
    },
  )

  test('that a forced exit has left behind are forfeited, unless the flush had ended', () => {
    const kind = 'SIGINT twice, two presses'
    const forced = { code: 130, found: ['1.1'], words: ['forced by SIGINT'] }
    expect(judge(outcome(kind, forced))).toMatchObject({
      lost: [],
      forfeited: ['1.2', '1.3'],
      problems: [],
    })
    const late = outcome(kind, { ...forced, words: ['flushed 3 writes', 'forced by SIGINT'] })
    expect(judge(late).lost).toEqual(['1.2', '1.3'])
  })

  test('that nobody has sent, or that stand there twice, are told', () => {
    const odd = outcome('one signal', { found: ['1.1', '1.2', '1.3', '1.3', '9.9'] })
    expect(judge(odd).problems).toEqual([
      'never sent, but in its file: 9.9',
      'lines that stand twice in its file: 1',
    ])
  })
})

describe('exit codes', () => {
  test.each([
    ['one signal', 143],
    ['one signal', 'SIGTERM'],
    ['one signal', 'SIGKILL'],
    ['SIGTERM twice, two presses', 143],
    ['SIGINT twice, two presses', 130],
    ['a fault, then a signal', 0],
    ['a hook that fails', 0],
    ['a hook that hangs', 0],
    ['a signal during start-up', 'SIGTERM'],
  ] as const)('%s: %s is told, where nothing has happened that allows it', (kind, code) => {
    const { problems, hasWrongCode } = judge(outcome(kind, { code }))
    expect(hasWrongCode).toBe(true)
    expect(problems).toEqual([expect.stringMatching(`left with ${code}, allowed: `)])
  })

  test('a death by the signal is allowed before listen(), where nothing was acknowledged', () => {
    const early = { code: 'SIGTERM', words: ['loading'], found: [] } as const
    const nothing = { acknowledged: new Set<string>() }
    const words = [...early.words]
    const kind = 'a signal during start-up'
    expect(judge(outcome(kind, { ...early, ...nothing, words })).problems).toEqual([])
    expect(judge(outcome(kind, { ...early, words })).lost).toHaveLength(3)
  })

  test('a second SIGINT may force the exit only where it was sent after the window', () => {
    const kind = 'the same signal twice, one press'
    const pressed = (until: number) =>
      outcome(kind, {
        code: 130,
        words: ['forced by SIGINT'],
        dealt: [
          { what: 'SIGINT', from: 0, until: 1 },
          { what: 'SIGINT', from: until - 1, until },
        ],
      })
    expect(judge(pressed(99)).hasWrongCode).toBe(true)
    expect(judge(pressed(101)).hasWrongCode).toBe(false)
  })
})

describe('a plan', () => {
  test('is the same for the same seed, and another for another', () => {
    const written = (seed: number) => JSON.stringify(planOf(seed, 300))
    expect(written(7)).toBe(written(7))
    expect(written(7)).not.toBe(written(8))
  })

  test('of 300 has every kind as often as it should', () => {
    const counts = KINDS.map(({ name }) => plan.filter(({ kind }) => kind === name).length)
    expect(counts).toEqual(KINDS.map(({ share }) => share))
    expect(counts.reduce((sum, count) => sum + count)).toBe(300)
  })
})
