// The cases that must hold in every runner. They are put behind the imports of the runner: see files.ts.
// `mode` is 'real', or when the fake timers of the runner were turned on: 'before' the import, or 'after' it.

const never = () => new Promise(() => {})

/** A shutdown that listens. */
function listening(options) {
  const app = createTestShutdown({ grace: '10s', ...options })
  app.shutdown.listen()
  return app
}

/** The same on the runner's fake timers. */
const onFakeTimers = (options) => listening({ ...options, advanceTimers: timers.advance })

const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Names and ends of all hooks. */
const endsOf = (report) =>
  report.phases.flatMap(({ hooks }) => hooks.map(({ name, ended }) => [name, ended]))

function codeOf(attempt) {
  return attempt.then(
    () => assert.fail('it was fulfilled'),
    ({ code }) => code,
  )
}

/** What a kit could leave behind in the process. */
const traces = () => ({
  listeners: ['SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection', 'message'].map(
    (event) => process.listenerCount(event),
  ),
  globals: Object.getOwnPropertyNames(globalThis).length,
})

const ports = () =>
  process.getActiveResourcesInfo?.().filter((kind) => kind === 'MessagePort').length ?? 0
let before
check('what is there at the start', () => {
  before = { traces: traces(), ports: ports() }
})

check('signal(), advance() and ended', async () => {
  const app = listening()
  app.shutdown.add('jobs', () => app.sleep('6s'), { phase: 'drain' })
  app.shutdown.add('postgres', () => app.sleep(50))
  await app.signal('SIGTERM')
  assert.equal(app.report, undefined)
  await app.advance('6s')
  assert.deepEqual(app.order.began, ['jobs', 'postgres'])
  await app.advance('1s')
  const report = await app.ended
  assert.equal(report, app.report)
  assert.equal(report.duration, 6050)
  assert.equal(app.exitCode, 0)
})

check('run() moves the clock to the end', async () => {
  const app = listening({ grace: '30s' })
  app.shutdown.add('jobs', () => app.sleep('6s'), { phase: 'drain' })
  app.shutdown.add('events', () => app.sleep('1s'), { phase: 'flush' })
  app.shutdown.add('postgres', () => app.sleep(50))
  const report = await app.run('SIGTERM')
  expectOrder(report, ['jobs', 'events', 'postgres'])
  expectBefore(report, 'jobs', 'postgres')
  expectCleanEnd(report, { headroom: 20 })
  expectEndWithin(report, '8s')
  assert.deepEqual(endsOf(report), [
    ['jobs', 6000],
    ['events', 7000],
    ['postgres', 7050],
  ])
})

check('run() waits for real files', async () => {
  const app = listening()
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-runner-'))
  const file = join(folder, 'events')
  app.shutdown.add(
    'file',
    async () => {
      for (let n = 1; n <= 10; n++) await writeFile(file, 'line\n'.repeat(n))
      await app.sleep('1s')
      await writeFile(file, 'the end')
    },
    { phase: 'flush' },
  )
  try {
    const report = await app.run()
    expectCleanEnd(report)
    assert.equal(report.duration, 1000)
    assert.equal(readFileSync(file, 'utf8'), 'the end')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

check('what is cut off, and what runs together', async () => {
  const app = listening()
  app.shutdown.add('http', never, { phase: 'drain' })
  app.shutdown.add('jobs', () => app.sleep('2s'), { phase: 'drain' })
  app.shutdown.add('adds', () => app.shutdown.add('late', () => {}, { phase: 'drain' }), {
    phase: 'drain',
  })
  app.shutdown.add('events', () => app.sleep('1s'), { phase: 'flush', reserve: '2s' })
  const report = await app.run()
  expectCutOff(report, 'http')
  expectTogether(report, ['http', 'jobs'])
  expectTimeFor(report, 'events', '2s')
  expectOrder(report, [['http', 'jobs', 'late'], 'events'], { endedBy: 'any' })
  assert.throws(() => expectOrder(report, ['http', 'events']), /may still have been at work/)
  assert.throws(() => expectCleanEnd(report), assert.AssertionError)
  assert.equal(app.exitCode, 124)
  assert.match(app.output, /hook 'http' \(drain\) was cut off/)
})

check('a fault', async () => {
  const app = listening()
  app.shutdown.add('postgres', () => {})
  await app.fault(new Error('boom'))
  assert.equal(app.report.outcome, 'fault')
  assert.equal(app.exitCode, 1)
})

check('a message', async () => {
  const app = listening({ messages: ['stop'] })
  await app.message('hello')
  assert.equal(app.shutdown.signal.aborted, false)
  await app.message('stop')
  assert.equal(app.report.reason.kind, 'message')
  assert.equal(app.exitCode, 0)
})

check('a forced exit', async () => {
  const app = listening({ terminal: true })
  app.shutdown.add('stuck', never)
  await app.signal('SIGINT')
  await app.advance('1s')
  await app.signal('SIGINT')
  assert.equal(app.exitCode, 130)
  assert.equal(app.report, undefined)
  assert.equal(await codeOf(app.ended), 'LASTCALL_NOT_LISTENING')
})

check('a forgotten listen(), and calls that overlap', async () => {
  const app = createTestShutdown()
  assert.equal(await codeOf(app.signal('SIGTERM')), 'LASTCALL_NOT_LISTENING')
  app.shutdown.listen()
  const first = app.advance('1s')
  assert.equal(await codeOf(app.advance('1s')), 'LASTCALL_NOT_AWAITED')
  await first
})

check('many at once', async () => {
  const apps = Array.from({ length: 20 }, () => listening())
  for (const app of apps) app.shutdown.add('stuck', never)
  await Promise.all(apps.slice(10).map((app) => app.signal('SIGTERM')))
  await Promise.all(apps.slice(10).map((app) => app.advance('10s')))
  await Promise.all(apps.slice(0, 10).map((app) => app.run()))
  assert.deepEqual(
    apps.map(({ exitCode }) => exitCode),
    apps.map(() => 124),
  )
})

if (hasMatchers) {
  check('matchers, also inside of another value', async () => {
    expect.extend(shutdownMatchers)
    const app = listening()
    app.shutdown.add('jobs', () => app.sleep('3s'), { phase: 'drain' })
    app.shutdown.add('postgres', () => {})
    const report = await app.run()
    expect(report).toHaveRunInOrder(['jobs', 'postgres'])
    expect(report).not.toHaveCutOff('jobs')
    expect({ report }).toEqual({ report: expect.toHaveEndedClean() })
    expect({ report }).toEqual({ report: expect.not.toHaveCutOff('jobs') })
    assert.throws(() => expect({ report }).toEqual({ report: expect.toHaveCutOff('jobs') }))
  })
}

if (mode === 'real') {
  check('real timers go on', async () => {
    const app = listening()
    app.shutdown.add('timer', () => later(20))
    const began = Date.now()
    const report = await app.run()
    expectCleanEnd(report)
    assert.equal(report.duration, 0)
    assert.ok(Date.now() - began >= 15)
  })
} else {
  check('the fake timers stand still', async () => {
    const app = listening()
    app.shutdown.add('jobs', () => app.sleep('3s'))
    const began = Date.now()
    let hasFired = false
    const timer = setTimeout(() => {
      hasFired = true
    }, 1)
    await app.run()
    assert.equal(app.report.duration, 3000)
    assert.equal(Date.now(), began)
    assert.equal(hasFired, false)
    clearTimeout(timer)
  })

  check('advanceTimers: advance() moves the fake timers', async () => {
    const app = onFakeTimers()
    app.shutdown.add('jobs', () => later(2000), { phase: 'drain' })
    app.shutdown.add('events', () => later(250), { phase: 'flush' })
    const began = Date.now()
    await app.signal('SIGTERM')
    await app.advance('2s')
    await app.advance('250ms')
    assert.deepEqual(endsOf(app.report), [
      ['jobs', 2000],
      ['events', 2250],
    ])
    assert.equal(Date.now(), began + 2250)
    assert.equal(app.exitCode, 0)
  })

  check('advanceTimers: run() moves them to the end', async () => {
    const app = onFakeTimers()
    app.shutdown.add('jobs', () => later(600), { phase: 'drain', timeout: '2s' })
    app.shutdown.add('http', () => later(60_000), { phase: 'drain', timeout: '1s' })
    const report = await app.run()
    assert.deepEqual(endsOf(report), [
      ['jobs', 600],
      ['http', 1000],
    ])
    assert.equal(app.exitCode, 124)
  })

  check('advanceTimers: nothing is called after the exit', async () => {
    let calls = 0
    const app = listening({
      advanceTimers(milliseconds) {
        calls++
        return timers.advance(milliseconds)
      },
    })
    let finish
    app.shutdown.add('jobs', () => new Promise((resolve) => (finish = resolve)))
    await app.signal('SIGTERM')
    timers.off()
    const before = calls
    finish()
    await app.ended
    assert.equal(app.exitCode, 0)
    assert.equal(calls, before)
  })

  check('advanceTimers: a function that moves nothing is refused', async () => {
    assert.equal(
      await codeOf(listening({ advanceTimers() {} }).advance('10s')),
      'LASTCALL_INVALID_OPTION',
    )
  })
}

check('nothing is left', async () => {
  const app = listening()
  app.shutdown.add('jobs', () => app.sleep('3s'))
  await app.run()
  assert.deepEqual(traces(), before.traces)
  // A port closes in a later turn of the event loop.
  while (ports() > before.ports) await access('.')
})
