import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { workerThread } from '../../src/workers/worker-thread.ts'
import { errorOf } from '../support/hooks/error-of.ts'
import { virtualShutdown } from '../support/hooks/virtual.ts'
import { firstHook, quietShutdown, stopped } from '../support/programs/stop.ts'
import { parentScript } from '../support/programs/workers-script.ts'

/** A thread that runs a few lines, once it has said that it is ready; it stays until it is ended. */
async function thread(code: string): Promise<Worker> {
  const program = `
    const { parentPort } = require('node:worker_threads')
    const stay = setInterval(() => {}, 1000)
    ${code}
    parentPort.postMessage('ready')`
  const worker = new Worker(program, { eval: true })
  onTestFinished(() => void worker.terminate())
  await once(worker, 'message')
  return worker
}

/** What ends at its message, with this code. */
function heeds(code = 0, after = 0): string {
  return `parentPort.once('message', (message) => {
    parentPort.postMessage({ heard: message })
    setTimeout(() => process.exit(${code}), ${after})
  })`
}

describe('a thread', () => {
  test('gets a message, and is waited for', async () => {
    const worker = await thread(heeds(0, 150))
    const heard = once(worker, 'message')
    expect(await stopped(workerThread(worker))).toMatchObject({ status: 'done', notes: [] })
    expect(worker.threadId).toBe(-1)
    expect(await heard).toEqual([{ heard: 'shutdown' }])
  })

  test.each(['stop', { type: 'stop' }, null, 7, new Map([[1, 2]])])(
    'gets the message of its own: %o',
    async (stopMessage) => {
      const worker = await thread(heeds())
      const heard = once(worker, 'message')
      expect((await stopped(workerThread(worker, { stopMessage }))).status).toBe('done')
      expect(await heard).toEqual([{ heard: stopMessage }])
    },
  )

  test('that ends because it has nothing left to do has ended well', async () => {
    const worker = await thread(`parentPort.once('message', () => clearInterval(stay))`)
    expect((await stopped(workerThread(worker))).status).toBe('done')
  })

  test('that ignores the message is terminated at its stopWait, and the next phase begins', async () => {
    const worker = await thread(`parentPort.on('message', () => {})`)
    const shutdown = quietShutdown()
    shutdown.add(workerThread(worker, { name: 'indexer', stopWait: '200ms' }))
    shutdown.add({ name: 'pool', phase: 'close', run: () => once(worker, 'exit') })
    const report = await shutdown.now()
    expect(report).toMatchObject({ outcome: 'cut off', exitCode: 124 })
    expect(firstHook(report)).toMatchObject({
      status: 'cut off',
      limit: 200,
      notes: [
        expect.stringMatching(
          /^killed: thread 'indexer', [\d.]+ m?s after the message 'shutdown'$/,
        ),
      ],
    })
    expect(worker.threadId).toBe(-1)
  })

  test('that listens to nothing is terminated as well', async () => {
    const worker = await thread('')
    const hook = await stopped(workerThread(worker, { stopMessage: {}, stopWait: '200ms' }))
    expect(hook.status).toBe('cut off')
    expect(hook.notes[0]).toMatch(/after a message$/)
  })

  test('that is blocked by a loop of its own is terminated', async () => {
    const worker = await thread(`parentPort.postMessage('ready'); for (;;);`)
    const exit = once(worker, 'exit')
    const hook = await stopped(workerThread(worker, { stopWait: '200ms' }))
    expect(hook.status).toBe('cut off')
    expect(await exit).toEqual([1])
  })

  test.each([0, 3])(
    'that has ended before is left alone, also where it did with %j',
    async (code) => {
      const worker = await thread(heeds(code))
      const hooks = workerThread(worker)
      worker.postMessage('now')
      expect(await once(worker, 'exit')).toEqual([code])
      expect(await stopped(hooks)).toMatchObject({ status: 'done', notes: [], error: null })
      expect(workerThread(worker)).toEqual([])
    },
  )

  test('that ends with another code than 0 fails its hook, and says so without a stack', async () => {
    const worker = await thread(heeds(3))
    const hook = await stopped(workerThread(worker, { name: 'indexer' }))
    expect(hook).toMatchObject({
      status: 'failed',
      error: {
        code: 'LASTCALL_CHILD_FAILED',
        message: "thread 'indexer' ended with exit code 3",
        stack: null,
      },
    })
  })

  test.each([
    ['done', [0, 3]],
    ['done', [3]],
    ['failed', [0]],
    ['failed', []],
  ])('that ends with 3 is %s where its exit codes are %j', async (status, exitCodes) => {
    const worker = await thread(heeds(3))
    expect((await stopped(workerThread(worker, { exitCodes }))).status).toBe(status)
  })

  test('is notified together with all others, and each is waited for', async () => {
    const shutdown = quietShutdown()
    const workers = await Promise.all([50, 100, 150].map((after) => thread(heeds(0, after))))
    for (const worker of workers) shutdown.add(workerThread(worker))
    const report = await shutdown.now()
    expect(report.outcome).toBe('clean')
    expect(workers.map(({ threadId }) => threadId)).toEqual([-1, -1, -1])
  })
})

describe('the hook of a thread', () => {
  test('is named after its number, stands in stop, and keeps nothing of its own', async () => {
    const worker = await thread('')
    expect(workerThread(worker)).toEqual([
      { name: `thread ${worker.threadId}`, phase: 'stop', run: expect.any(Function) },
    ])
    const options = { name: 'x', phase: 'close', stopWait: '3s', reserve: '1s' } as const
    expect(workerThread(worker, options)[0]).toMatchObject({
      name: 'x',
      phase: 'close',
      timeout: '3s',
      reserve: '1s',
    })
    expect(workerThread(worker, { stopWait: '3s' })[0]).toMatchObject({ reserve: '3s' })
  })

  test('is refused where its stopWait does not fit the budget', async () => {
    const worker = await thread('')
    const { shutdown } = virtualShutdown({ grace: '10s' })
    const error = errorOf(() => shutdown.add(workerThread(worker, { stopWait: '9.5s' })))
    expect(error.code).toBe('LASTCALL_RESERVES_TOO_LARGE')
    expect(error.message).toContain('stop 9.5 s')
  })
})

describe('workerThread() refuses', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['the file of a thread', './index.js'],
    ['a number of a thread', 1],
    ['the class', Worker],
    ['a port', new MessageChannel().port1],
    ['a child process', { pid: 4711, exitCode: null, signalCode: null, once() {} }],
    ['several threads at once', []],
  ])('%s in place of a thread', (_, worker) => {
    const error = errorOf(() => workerThread(worker as never))
    expect(error.code).toBe('LASTCALL_NOT_A_CHILD')
    expect(error.message).toContain('node:worker_threads')
  })

  test.each<[string, unknown, string]>([
    ['options that are none', null, '`options`'],
    ['the signal of a process', { stopSignal: 'SIGTERM' }, 'Unknown option `stopSignal`'],
    ['a wait of nothing', { stopWait: 0 }, '`stopWait`'],
    ['a reserve that is longer than the wait', { stopWait: '1s', reserve: '2s' }, 'reserve of'],
    ['an exit code that is none', { exitCodes: [1.5] }, '`exitCodes`'],
    ['a name that is empty', { name: '' }, 'hook.name'],
  ])('%s', async (_, options, words) => {
    const worker = await thread('')
    const error = errorOf(() => workerThread(worker, options as never))
    expect(error.code).toBe('LASTCALL_INVALID_OPTION')
    expect(error.message).toContain(words)
  })
})

describe('a process with a thread', () => {
  const THREAD = (code: string) => `
    const worker = new Worker(\`
      const { parentPort } = require('node:worker_threads')
      parentPort.on('message', (message) => { ${code} })
      parentPort.postMessage('up')\`, { eval: true, execArgv: [] })
    await once(worker, 'message')
    shutdown.add(workerThread(worker, { name: 'indexer', stopWait: '400ms' }))`

  test('notifies it, and exits with 0 when it has ended', async () => {
    const script = await parentScript(THREAD(`console.log('notified ' + message); process.exit()`))
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain('notified shutdown')
  })

  test('exits with 124 where it hangs in a loop, and with 1 where it ended badly', async () => {
    const [hung, bad] = await Promise.all([
      parentScript(THREAD('for (;;);')),
      parentScript(THREAD('process.exit(7)')),
    ])
    expect((await hung.send('SIGTERM').ended).code).toBe(124)
    expect(await bad.send('SIGTERM').ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("thread 'indexer' ended with exit code 7"),
    })
  })
})

test('two threads that have ended before can both be added: there is nothing to stop', async () => {
  const shutdown = quietShutdown()
  for (let n = 0; n < 2; n++) {
    const worker = new Worker('', { eval: true })
    await once(worker, 'exit')
    shutdown.add(workerThread(worker))
  }
  expect((await shutdown.now()).outcome).toBe('clean')
})
