// Run by node:test, with its mock timers on before anything is loaded.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'

mock.timers.enable({ apis: ['setTimeout', 'setImmediate', 'Date'] })
const { createTestShutdown, expectOrder } = await import('lastcall/testing')

test('a run needs none of them', async () => {
  const app = createTestShutdown({ grace: '10s' })
  app.shutdown.add([
    { name: 'http', phase: 'drain', run: () => new Promise(() => {}) },
    { name: 'postgres', phase: 'close', run: () => app.sleep('1s') },
  ])
  app.shutdown.listen()
  await app.signal('SIGTERM')
  await app.advance('10s')
  expectOrder(app.report, ['http', 'postgres'], { endedBy: 'any' })
  assert.equal(app.exitCode, 124)
})

test('handed in, they are its clock', async () => {
  const app = createTestShutdown({
    grace: '10s',
    advanceTimers: (milliseconds) => mock.timers.tick(milliseconds),
  })
  const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
  app.shutdown.add([
    { name: 'jobs', phase: 'drain', run: () => later(2000) },
    { name: 'events', phase: 'flush', run: () => later(250) },
  ])
  app.shutdown.listen()
  await app.signal('SIGTERM')
  await app.advance('2s')
  await app.advance('250ms')
  const ended = app.report.phases.map(({ hooks }) => hooks[0].ended)
  assert.deepEqual(ended, [2000, 2250])
  assert.equal(app.exitCode, 0)
})
