import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { othersStartedBefore } from '../../../src/runtime/node/thread-ids.ts'

/** The ids of threads that start one after the other, each when the one before has ended. */
function threadIds(): number[] {
  const code = `
    const { Worker } = require('node:worker_threads')
    const ids = []
    const start = () => {
      const { threadId } = new Worker('', { eval: true }).on('exit', next)
      ids.push(threadId)
    }
    const next = () => ids.length < 3 ? start() : console.log(JSON.stringify(ids))
    start()
  `
  const { stdout } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' })
  return JSON.parse(stdout)
}

test('Node numbers threads from 1, in the order in which they start, and uses no number twice', () => {
  expect(threadIds()).toEqual([1, 2, 3])
})

test('a thread with a higher number than ours would have alone was not the first', () => {
  expect(othersStartedBefore({ threadId: 1 }, 1)).toBe(false)
  expect(othersStartedBefore({ threadId: 2 }, 1)).toBe(true)
  expect(othersStartedBefore({ threadId: 2 }, 2)).toBe(false)
})
