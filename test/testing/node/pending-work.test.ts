import { scrypt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { createGzip, gzip } from 'node:zlib'
import { expect, test } from 'vitest'
import { PendingWork } from '../../../src/testing/node/pending-work.ts'

/** What is pending right after the work has begun, and once it is done. */
async function pendingDuring(begin: () => Promise<unknown>) {
  const pending = new PendingWork()
  const done = begin()
  const during = pending.count()
  await done
  await destroyed()
  const after = pending.count()
  pending.stop()
  return { during, after }
}

/** Node says that something is destroyed a little later than it is. */
async function destroyed(): Promise<void> {
  await new Promise(setImmediate)
  await new Promise(setImmediate)
}

test.each([
  ['Timeout', () => new Promise((resolve) => setTimeout(resolve, 5))],
  ['SCRYPTREQUEST', () => promisify(scrypt)('secret', 'salt', 64)],
  ['ZLIB', () => promisify(gzip)(Buffer.alloc(100_000))],
])('knows work of the kind %s until it is done', async (kind, begin) => {
  const { during, after } = await pendingDuring(begin)
  expect(during).toMatchObject({ [kind]: 1 })
  expect(after).toEqual({})
})

test('knows work with files, by whichever of the names Node has for it', async () => {
  const { during, after } = await pendingDuring(() => readFile(process.execPath))
  expect(Object.keys(during)).toEqual([expect.stringMatching(/^FSREQ(PROMISE|CALLBACK)$/)])
  expect(after).toEqual({})
})

test('does not count what keeps nothing alive: an idle compressor, and a timer without reference', async () => {
  const pending = new PendingWork()
  const idle = createGzip()
  const timer = setTimeout(() => {}, 1000).unref()
  expect(pending.count()).toEqual({})
  timer.ref()
  expect(pending.count()).toEqual({ Timeout: 1 })
  clearTimeout(timer)
  await destroyed()
  expect(pending.count()).toEqual({})
  idle.destroy()
  pending.stop()
})
