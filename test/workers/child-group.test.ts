import { describe, expect, test } from 'vitest'
import { type ChildProcessOptions, childProcess } from '../../src/workers/child-process.ts'
import {
  type Child,
  hasProc,
  isAlive,
  nodeChild,
  shellChild,
  suspend,
} from '../support/programs/child.ts'
import { stopped } from '../support/programs/stop.ts'

/** The numbers of the grandchildren, as the shell printed them. */
function grandchildrenOf({ stdout }: Child): number[] {
  return [...stdout.matchAll(/^\d+$/gm)].map(Number)
}

/** A shell that leads a group, with grandchildren that it starts. */
async function group(code: string) {
  const child = await shellChild(code, { detached: true })
  const grandchildren = grandchildrenOf(child)
  expect(grandchildren.map(isAlive)).toEqual(grandchildren.map(() => true))
  const stop = (options: ChildProcessOptions = {}) =>
    stopped(childProcess(child.process, { name: 'sh', group: true, ...options }))
  return { child, grandchildren, stop }
}

/** Grandchildren that end at once when they are notified. */
const PLAIN = 'sleep 600 & echo $!; sleep 600 & echo $!; sleep 600 & echo $!'
/** One that no signal ends but SIGKILL; the shell itself heeds them. */
const DEAF = `trap '' TERM INT QUIT; sleep 600 & echo $!; trap - TERM INT QUIT`
/** One that does this when it is notified, and says when it is ready for that. */
const minding = (end: string) =>
  `(trap '${end}' TERM; echo minds; while :; do sleep 0.05; done) & echo $!`

describe('a group', () => {
  test('is notified as a whole, and all of it is gone when its hook is done', async () => {
    const { child, grandchildren, stop } = await group(`${PLAIN}; echo ready; wait`)
    expect(await stop()).toMatchObject({ status: 'done', notes: [], error: null })
    expect(grandchildren).toHaveLength(3)
    expect(grandchildren.filter(isAlive)).toEqual([])
    await child.closed
  })

  test('is notified by its own signal', async () => {
    // A shell without job control lets what it starts in the background ignore SIGINT and SIGQUIT.
    const { child, grandchildren, stop } = await group(`${PLAIN}; echo ready; wait`)
    expect((await stop({ stopSignal: 'SIGHUP' })).status).toBe('done')
    expect(child.process.signalCode).toBe('SIGHUP')
    expect(grandchildren.filter(isAlive)).toEqual([])
  })

  test('is waited for, also where its leader is gone first', async () => {
    const { child, grandchildren, stop } = await group(
      `${minding('sleep 0.3; exit')}; echo ready; wait`,
    )
    await child.says('minds')
    expect(await stop({ stopWait: '8s' })).toMatchObject({ status: 'done', notes: [] })
    expect(child.process.signalCode).toBe('SIGTERM')
    expect(grandchildren.filter(isAlive)).toEqual([])
  })

  test('is killed at the limit with all that outlives the leader', async () => {
    const { child, grandchildren, stop } = await group(`${DEAF}; echo ready; wait`)
    const hook = await stop({ stopWait: '300ms' })
    expect(hook).toMatchObject({
      status: 'cut off',
      notes: [expect.stringMatching(/^killed: child 'sh' \(pid \d+\), [\d.]+ m?s after SIGTERM$/)],
    })
    expect(child.process.signalCode).toBe('SIGTERM')
    // Its stdout is closed when the last one that has it is gone.
    await child.closed
    expect(grandchildren.filter(isAlive)).toEqual([])
  })

  test('is killed at the limit with its leader, where that heeds nothing either', async () => {
    const code = `trap '' TERM; ${PLAIN}; echo ready; while :; do sleep 1; done`
    const { child, grandchildren, stop } = await group(code)
    expect((await stop({ stopWait: '300ms' })).status).toBe('cut off')
    await child.closed
    expect(child.process.signalCode).toBe('SIGKILL')
    expect(grandchildren.filter(isAlive)).toEqual([])
  })

  test.runIf(hasProc)('of grandchildren that were suspended is killed, too', async () => {
    const { child, grandchildren, stop } = await group(`${PLAIN}; echo ready; wait`)
    await suspend(...grandchildren)
    expect((await stop({ stopWait: '300ms' })).status).toBe('cut off')
    await child.closed
    expect(grandchildren.filter(isAlive)).toEqual([])
  })

  test('is judged by its leader alone', async () => {
    const good = await group(`${minding('exit 9')}; trap 'wait; exit 0' TERM; echo ready; wait`)
    await good.child.says('minds')
    expect(await good.stop()).toMatchObject({ status: 'done', error: null })
    const bad = await group(`${PLAIN}; trap 'exit 9' TERM; echo ready; wait`)
    expect(await bad.stop()).toMatchObject({
      status: 'failed',
      error: { message: expect.stringMatching(/ended with exit code 9$/) },
    })
    expect(bad.grandchildren.filter(isAlive)).toEqual([])
  })

  test('of thirty stands beside thirty others, and each is gone on its own', async () => {
    const groups = await Promise.all(
      Array.from({ length: 30 }, () => group(`${PLAIN}; echo ready; wait`)),
    )
    const hooks = await Promise.all(groups.map(({ stop }) => stop()))
    expect(hooks.map(({ status }) => status)).toEqual(groups.map(() => 'done'))
    expect(groups.flatMap(({ grandchildren }) => grandchildren).filter(isAlive)).toEqual([])
  })
})

describe('without group', () => {
  test('only the child itself is notified, though it leads one', async () => {
    const child = await shellChild(`${PLAIN}; echo ready; wait`, { detached: true })
    expect(await stopped(childProcess(child.process))).toMatchObject({ status: 'done' })
    expect(grandchildrenOf(child).map(isAlive)).toEqual([true, true, true])
  })

  test('a child of our own group is notified, and no other process in it', async () => {
    const [child, other] = await Promise.all([nodeChild(''), nodeChild('')])
    expect(await stopped(childProcess(child.process))).toMatchObject({ status: 'done' })
    expect(isAlive(other.pid)).toBe(true)
  })
})
