import { describe, expect, test } from 'vitest'
import { budgetOf } from '../../src/engine/budget.ts'
import { MARGIN_SHARES, marginTimes } from '../../src/exit/margin.ts'

describe('the shares of the margin', () => {
  const { blockedLoop, blockedStack, leaving, stuckStack, kill, guard } = MARGIN_SHARES

  test('of a blocked loop are over before an exit would be late', () => {
    expect(blockedLoop).toMatchObject({ from: 0, to: blockedStack.from })
    expect(blockedStack.to).toBeLessThan(leaving.to)
  })

  test('leave an exit time, then follow one another: stack, kill, guard, SIGKILL of the platform', () => {
    expect(leaving.from).toBe(0)
    expect(stuckStack.from).toBeGreaterThan(leaving.to)
    expect(stuckStack.to).toBe(kill.from)
    expect(kill.to).toBe(guard.from)
    expect(guard.to).toBe(1)
    for (const { from, to } of Object.values(MARGIN_SHARES)) expect(from).toBeLessThan(to)
  })
})

test.each([
  [300, undefined],
  [10_000, undefined],
  [90_000, undefined],
  [1500, 1200],
  [10_000, 0],
])('a grace of %s with a margin of %s has its times in that order', (grace, margin) => {
  const budget = budgetOf(grace, margin)
  const { exitBy, killBy, guardDelay, blocked, stuck, leaving } = marginTimes(budget)
  const times = [
    budget.deadline,
    exitBy,
    killBy - stuck.stack,
    killBy,
    killBy + guardDelay,
    budget.grace,
  ]
  expect(times).toEqual([...times].sort((one, other) => one - other))
  expect(blocked.late + blocked.stack).toBeLessThanOrEqual(exitBy - budget.deadline)
  expect(leaving).toBeLessThanOrEqual(budget.margin)
})
