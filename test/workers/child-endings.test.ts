import { describe, expect, test } from 'vitest'
import { type ChildProcessOptions, childProcess } from '../../src/workers/child-process.ts'
import { nodeChild } from '../support/programs/child.ts'
import { firstHook, quietShutdown, stopped } from '../support/programs/stop.ts'

/** Ends a child by what it does when it is notified, and returns what the report says of its hook. */
async function ending(end: string, options: ChildProcessOptions = {}) {
  const child = await nodeChild(`
    const die = (signal) => { process.removeAllListeners(signal); process.kill(process.pid, signal) }
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT']) process.on(signal, () => { ${end} })`)
  return stopped(childProcess(child.process, { name: 'worker', ...options }))
}

describe('a child has ended well', () => {
  test.each<[string, string, ChildProcessOptions]>([
    ['with 0', 'process.exit(0)', {}],
    ['by the signal that it was sent', `die('SIGTERM')`, {}],
    ['with 143, as a shell reports that', 'process.exit(143)', {}],
    ['by a signal of its own choice for us', `die('SIGQUIT')`, { stopSignal: 'SIGQUIT' }],
    ['with the code that stands for it', 'process.exit(131)', { stopSignal: 'SIGQUIT' }],
    ['with one of its exit codes', 'process.exit(3)', { exitCodes: [0, 3] }],
    ['with the only one of them', 'process.exit(3)', { exitCodes: [3] }],
    ['by the stop signal, whatever its exit codes', `die('SIGTERM')`, { exitCodes: [3] }],
    ['by the stop signal, where it has no exit code at all', `die('SIGTERM')`, { exitCodes: [] }],
  ])('%s', async (_, end, options) => {
    expect(await ending(end, options)).toMatchObject({ status: 'done', notes: [], error: null })
  })
})

describe('a child has ended badly', () => {
  test.each<[string, string, ChildProcessOptions, string]>([
    ['with 1', 'process.exit(1)', {}, 'exit code 1'],
    ['with 255', 'process.exit(255)', {}, 'exit code 255'],
    ['by another signal', `die('SIGKILL')`, {}, 'SIGKILL'],
    ['by a fault of its own', 'process.abort()', {}, 'SIGABRT'],
    ['with what stands for another signal', 'process.exit(130)', {}, 'exit code 130'],
    [
      'by SIGTERM, where it was sent another',
      `die('SIGTERM')`,
      { stopSignal: 'SIGQUIT' },
      'SIGTERM',
    ],
    [
      'with 143, where it was sent another',
      'process.exit(143)',
      { stopSignal: 'SIGINT' },
      'exit code 143',
    ],
    [
      'with 0, where that is none of its exit codes',
      'process.exit(0)',
      { exitCodes: [3] },
      'exit code 0',
    ],
    ['by an error that it has not caught', `throw new Error('boom')`, {}, 'exit code 1'],
  ])('%s', async (_, end, options, status) => {
    const hook = await ending(end, options)
    expect(hook).toMatchObject({
      status: 'failed',
      error: { name: 'LastcallError', code: 'LASTCALL_CHILD_FAILED', stack: null },
    })
    expect(hook.error?.message).toMatch(
      new RegExp(`^child 'worker' \\(pid \\d+\\) ended with ${status}$`),
    )
  })

  test('and fails its own hook only: the others run, and the process would exit with 1', async () => {
    const bad = await nodeChild(`process.on('SIGTERM', () => process.exit(7))`)
    const good = await nodeChild(`process.on('SIGTERM', () => setTimeout(process.exit, 100, 0))`)
    const shutdown = quietShutdown()
    shutdown.add(childProcess(bad.process, { name: 'bad' }))
    shutdown.add(childProcess(good.process, { name: 'good' }))
    shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
    const report = await shutdown.now()
    expect(report).toMatchObject({ outcome: 'failed', exitCode: 1 })
    expect(firstHook(report)).toMatchObject({ name: 'bad', status: 'failed' })
    expect(report.phases.flatMap((phase) => phase.hooks).slice(1)).toMatchObject([
      { name: 'good', status: 'done' },
      { name: 'pool', status: 'done' },
    ])
  })
})

test('a child that ends badly after it was killed at the limit changes nothing any more', async () => {
  const child = await nodeChild(`process.on('SIGTERM', () => {})`)
  const shutdown = quietShutdown()
  shutdown.add(childProcess(child.process, { stopWait: '200ms' }))
  shutdown.add({ name: 'pool', phase: 'close', run: () => child.closed })
  const report = await shutdown.now()
  expect(report).toMatchObject({ outcome: 'cut off', faults: [] })
  expect(firstHook(report).error).toMatchObject({ name: 'TimeoutError' })
})
