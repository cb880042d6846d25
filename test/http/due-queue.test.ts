import { describe, expect, test } from 'vitest'
import { DueQueue } from '../../src/http/due-queue.ts'
import { settle, VirtualClock } from '../support/hooks/virtual.ts'

/** Time above poll phases that pass only when a test lets them. */
class SteppedClock extends VirtualClock {
  readonly #afterPoll: (() => void)[] = []

  override afterPoll(run: () => void): void {
    this.#afterPoll.push(run)
  }

  /** Ends a poll phase. */
  poll(): void {
    for (const run of this.#afterPoll.splice(0)) run()
  }
}

function queueOf(milliseconds: number, clock: VirtualClock = new VirtualClock()) {
  const due: [string, number][] = []
  const things = new DueQueue<string>(milliseconds, clock, (item) => due.push([item, clock.now()]))
  return { clock, due, things }
}

describe('DueQueue', () => {
  test('has each item due a fixed time after its own moment', async () => {
    const { clock, due, things } = queueOf(100)
    await clock.advance(50)
    things.add('a', 10)
    things.add('b', 50)
    await clock.advance(1000)

    expect(due).toEqual([
      ['a', 110],
      ['b', 150],
    ])
  })

  test('has items due at once whose time is over', async () => {
    const { clock, due, things } = queueOf(100)
    await clock.advance(500)
    things.add('a', 10)
    things.add('b', 400)
    await clock.advance(0)

    expect(due).toEqual([
      ['a', 500],
      ['b', 500],
    ])
  })

  test('counts anew for an item that is added again', async () => {
    const { clock, due, things } = queueOf(100)
    things.add('a', 0)
    things.add('b', 0)
    await clock.advance(60)
    things.add('a', 60)
    await clock.advance(1000)

    expect(due).toEqual([
      ['b', 100],
      ['a', 160],
    ])
  })

  test('has nothing due that was taken out', async () => {
    const { clock, due, things } = queueOf(100)
    things.add('a', 0)
    things.add('b', 20)
    things.delete('a')
    things.delete('never there')
    await clock.advance(1000)

    expect(due).toEqual([['b', 120]])
  })

  test('has nothing due after it was cleared, and leaves no timer', async () => {
    const { clock, due, things } = queueOf(100)
    things.add('a', 0)
    things.clear()

    expect(clock.pending).toBe(0)
    await clock.advance(1000)
    expect(due).toEqual([])
  })

  test('keeps one timer for all', async () => {
    const { clock, things } = queueOf(100)
    for (let n = 0; n < 1000; n++) things.add(String(n), n)

    expect(clock.pending).toBe(1)
  })

  test('checks only when a poll phase has passed since the time was over', async () => {
    const clock = new SteppedClock()
    const { due, things } = queueOf(100, clock)
    things.add('a', 0)
    things.add('b', 0)
    await clock.advance(100)
    expect(due).toEqual([])
    // What the poll phase reads.
    things.delete('a')
    clock.poll()

    expect(due).toEqual([['b', 100]])
  })

  test('calls with the moment of the check, and not of the turn in which the item came up', async () => {
    const clock = new SteppedClock()
    const checked: [string, number][] = []
    const things = new DueQueue<string>(100, clock, (item, asOf) => checked.push([item, asOf]))
    things.add('a', 0)
    await clock.advance(100)
    clock.block(150)
    clock.poll()

    expect(checked).toEqual([['a', 100]])
  })

  test('does not count the time that a poll phase takes for what happened in it', async () => {
    const clock = new SteppedClock()
    const { due, things } = queueOf(100, clock)
    things.add('a', 0)
    await clock.advance(100)
    // In the poll phase: something speaks, and something else takes long.
    things.add('b', 100)
    clock.block(150)
    clock.poll()
    expect(due).toEqual([['a', 250]])

    // It may have spoken again while that took so long.
    clock.poll()
    expect(due).toEqual([
      ['a', 250],
      ['b', 250],
    ])
  })

  test('spends 2 ms on them in a turn of the loop, however many are due', async () => {
    const clock = new WorkingClock()
    const due: number[] = []
    const things = new DueQueue<number>(100, clock, (thing) => {
      due.push(thing)
      clock.worked += 0.25
    })
    for (let n = 0; n < 1000; n++) things.add(n, 0)
    await clock.advance(100)
    const turns: number[] = []
    for (let before = -1; due.length > before; ) {
      before = due.length
      clock.poll()
      turns.push(due.length - before)
    }
    await settle()

    expect(due).toEqual(Array.from({ length: 1000 }, (_, n) => n))
    expect(Math.max(...turns)).toBe(9)
  })
})

/** Time that passes with the work that is done, too. */
class WorkingClock extends SteppedClock {
  worked = 0

  override now(): number {
    return super.now() + this.worked
  }
}
