import { afterEach, expect, test, vi } from 'vitest'
import { noteOwnSignals } from '../../../src/runtime/node/own-signals.ts'

const before = process.kill
afterEach(() => {
  process.kill = before
})

test('a signal that the process sends itself is its own, once', () => {
  const kill = vi.fn<typeof process.kill>(() => true)
  process.kill = kill
  const own = noteOwnSignals()
  expect(process.kill(process.pid, 'SIGINT')).toBe(true)
  process.kill(1, 'SIGTERM')
  expect(own.isOwn('SIGTERM')).toBe(false)
  expect(own.isOwn('SIGINT')).toBe(true)
  expect(own.isOwn('SIGINT')).toBe(false)
  expect(kill.mock.calls).toEqual([
    [process.pid, 'SIGINT'],
    [1, 'SIGTERM'],
  ])
  own.stop()
  expect(process.kill).toBe(kill)
})

test('so is one that is given as a number, or as no signal', () => {
  process.kill = () => true
  const own = noteOwnSignals()
  process.kill(process.pid, 2)
  process.kill(process.pid)
  expect([own.isOwn('SIGINT'), own.isOwn('SIGTERM'), own.isOwn('SIGHUP')]).toEqual([
    true,
    true,
    false,
  ])
  own.stop()
})

test('what others have put in its place stays, and then nothing is noted', () => {
  process.kill = () => true
  const own = noteOwnSignals()
  const ours = process.kill
  const theirs: typeof process.kill = (pid, signal) => ours(pid, signal)
  process.kill = theirs
  own.stop()
  expect(process.kill).toBe(theirs)
  process.kill(process.pid, 'SIGINT')
  expect(own.isOwn('SIGINT')).toBe(false)
})
