import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { childProcess } from '../../src/workers/child-process.ts'
import { errorOf } from '../support/hooks/error-of.ts'
import { virtualShutdown } from '../support/hooks/virtual.ts'
import { nodeChild } from '../support/programs/child.ts'

/** A child that says what a test wants it to, and is no process. */
function fakeChild(more: object = {}) {
  const child = { pid: 4_000_000, exitCode: null, signalCode: null, spawnfile: '/bin/worker' }
  return Object.assign(new EventEmitter(), child, more)
}

describe('childProcess() refuses', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'got undefined'],
    ['null', null, 'got null'],
    ['a pid', 4711, '4711 (number)'],
    ['a command', 'node worker.js', "'node worker.js' (string)"],
    ['a function', spawn, 'a function named spawn'],
    ['the promise of a child', Promise.resolve(fakeChild()), 'an object (Promise)'],
    ['the process itself', process, 'an object (process)'],
    ['an emitter', new EventEmitter(), 'an object (EventEmitter)'],
    ['several children at once', [fakeChild(), fakeChild()], 'an array of 2'],
  ])('%s in place of a child', (_, child, words) => {
    const error = errorOf(() => childProcess(child as never))
    expect(error.code).toBe('LASTCALL_NOT_A_CHILD')
    expect(error.message).toContain(words)
  })

  test.each<[string, unknown, string[]]>([
    ['options that are none', null, ['`options`', 'got null']],
    [
      'an option that there is not',
      { stopTimeout: '5s' },
      ['option `stopTimeout`', 'mean `stopWait`?'],
    ],
    ['a signal without its SIG', { stopSignal: 'TERM' }, ['`stopSignal`', "Write 'SIGTERM'."]],
    ['a signal in small letters', { stopSignal: 'term' }, ['`stopSignal`', "Write 'SIGTERM'."]],
    ['a signal that there is not', { stopSignal: 'SIGSTOPPED' }, ['`stopSignal`']],
    ['the number of a signal', { stopSignal: 15 }, ['`stopSignal`', '15 (number)']],
    ['what every object has', { stopSignal: 'constructor' }, ['`stopSignal`']],
    ['a wait without a unit', { stopWait: '5' }, ['`stopWait`', "'5' (string)"]],
    ['a wait of nothing', { stopWait: 0 }, ['`stopWait`', '0 (number)']],
    ['a wait without end', { stopWait: Number.POSITIVE_INFINITY }, ['`stopWait`', 'Infinity']],
    ['a reserve that is longer than the wait', { stopWait: '1s', reserve: '2s' }, ['reserve of']],
    ['a group that is no answer', { group: 'yes' }, ['`group`', "'yes' (string)"]],
    ['a group that is a pid', { group: 4711 }, ['`group`', '4711 (number)']],
    ['one exit code outside of an array', { exitCodes: 0 }, ['`exitCodes`', '0 (number)']],
    ['an exit code that no process has', { exitCodes: [256] }, ['`exitCodes`']],
    ['an exit code below 0', { exitCodes: [-1] }, ['`exitCodes`']],
    ['an exit code that is a string', { exitCodes: ['0'] }, ['`exitCodes`']],
    ['a name that is empty', { name: ' ' }, ['hook.name']],
    ['a name that is none', { name: 7 }, ['hook.name']],
  ])('%s', (_, options, words) => {
    const error = errorOf(() => childProcess(fakeChild(), options as never))
    expect(error.code).toBe('LASTCALL_INVALID_OPTION')
    for (const word of words) expect(error.message).toContain(word)
  })

  test('a message for a child that has no channel, and says how it gets one', async () => {
    const child = await nodeChild('')
    const error = errorOf(() => childProcess(child.process, { stopMessage: 'shutdown' }))
    expect(error.code).toBe('LASTCALL_INVALID_OPTION')
    expect(error.message).toContain('fork()')
    expect(error.message).toContain("'ipc'")
  })

  test('group for a child that leads none, and says how it gets one', async () => {
    const child = await nodeChild('')
    const error = errorOf(() => childProcess(child.process, { group: true }))
    expect(error.code).toBe('LASTCALL_NOT_A_GROUP')
    expect(error.message).toContain(String(child.pid))
    expect(error.message).toContain('detached: true')
  })

  test('a phase that there is not, when it is added', () => {
    const { shutdown } = virtualShutdown()
    const add = () => shutdown.add(childProcess(fakeChild(), { phase: 'workers' }))
    expect(errorOf(add).code).toBe('LASTCALL_UNKNOWN_PHASE')
  })
})

describe('the hook of a child', () => {
  test('is named after its program and its pid, stands in stop, and keeps nothing of its own', () => {
    const [hook] = childProcess(fakeChild())
    expect(hook).toEqual({ name: 'worker 4000000', phase: 'stop', run: expect.any(Function) })
  })

  test('is named after the file of the program, not after its path', async () => {
    const child = await nodeChild('')
    expect(childProcess(child.process)[0]?.name).toBe(`${basename(process.execPath)} ${child.pid}`)
  })

  test('takes its name, phase and reserve from the options', () => {
    const [hook] = childProcess(fakeChild(), { name: 'x', phase: 'close', reserve: '2s' })
    expect(hook).toMatchObject({ name: 'x', phase: 'close', reserve: '2s' })
    expect(hook).not.toHaveProperty('timeout')
  })

  test('has its stopWait as its limit and as its reserve', () => {
    expect(childProcess(fakeChild(), { stopWait: '3s' })[0]).toMatchObject({
      timeout: '3s',
      reserve: '3s',
    })
    expect(childProcess(fakeChild(), { stopWait: '3s', reserve: '1s' })[0]).toMatchObject({
      timeout: '3s',
      reserve: '1s',
    })
  })

  test('is refused where its stopWait does not fit the budget, with the sum', () => {
    const { shutdown } = virtualShutdown({ grace: '10s' })
    shutdown.add({ name: 'events', phase: 'flush', reserve: '4s', run: () => {} })
    shutdown.add(childProcess(fakeChild(), { name: 'short', stopWait: '5s' }))
    const add = () => shutdown.add(childProcess(fakeChild(), { name: 'long', stopWait: '6s' }))
    const error = errorOf(add)
    expect(error.code).toBe('LASTCALL_RESERVES_TOO_LARGE')
    expect(error.message).toContain('10 s (stop 6 s + flush 4 s), more than the budget of 9 s')
  })

  test('of a phase shares its time: of several waits the longest counts', () => {
    const { shutdown } = virtualShutdown({ grace: '10s' })
    for (let n = 0; n < 10; n++) {
      shutdown.add(childProcess(fakeChild(), { name: `worker ${n}`, stopWait: '8s' }))
    }
  })

  test('is refused under a name that another has, such as that of the same child', () => {
    const { shutdown } = virtualShutdown()
    const child = fakeChild()
    shutdown.add(childProcess(child))
    expect(errorOf(() => shutdown.add(childProcess(child))).code).toBe('LASTCALL_NAME_TAKEN')
    shutdown.add(childProcess(child, { name: 'again' }))
  })
})

test('a child that never started has nothing to be stopped, group or not', async () => {
  for (const group of [false, true]) {
    const child = spawn('no-such-program', { detached: group })
    const [error] = await once(child, 'error')
    expect(error.code).toBe('ENOENT')
    const { shutdown } = virtualShutdown()
    shutdown.add(childProcess(child, { group, stopWait: '5s' }))
    expect(await shutdown.now()).toMatchObject({ outcome: 'clean', phases: [] })
  }
})
