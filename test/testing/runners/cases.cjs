// What holds in jest and in vitest, with their fake timers on before anything is loaded.
module.exports = ({ test, expect, timers, kit }) => {
  const { createTestShutdown, expectOrder } = kit

  function application() {
    const app = createTestShutdown({ grace: '10s' })
    app.shutdown.add([
      { name: 'http', phase: 'drain', run: () => new Promise(() => {}) },
      { name: 'adds', phase: 'drain', run: () => void app.shutdown.add(late) },
      { name: 'postgres', phase: 'close', run: () => app.sleep('1s') },
    ])
    const late = { name: 'late', phase: 'drain', run: async () => {} }
    app.shutdown.listen()
    return app
  }

  test('the timers are fake', () => {
    expect(timers.getTimerCount()).toBe(0)
    setTimeout(() => {}, 1)
    expect(timers.getTimerCount()).toBe(1)
    timers.clearAllTimers()
  })

  test('a run needs none of them', async () => {
    const app = application()
    await app.signal('SIGTERM')
    await app.advance('10s')
    expectOrder(app.report, [['http', 'adds', 'late'], 'postgres'], { endedBy: 'any' })
    expect(app.report.phases.map(({ hooks }) => hooks.map(({ name }) => name))).toEqual([
      ['http', 'adds', 'late'],
      ['postgres'],
    ])
    expect(app.exitCode).toBe(124)
    expect(timers.getTimerCount()).toBe(0)
  })

  test.each([1, 2, 3])('many at once: %s', async () => {
    const apps = Array.from({ length: 10 }, application)
    await Promise.all(apps.map((app) => app.signal('SIGTERM')))
    await Promise.all(apps.map((app) => app.advance('10s')))
    expect(apps.map(({ exitCode }) => exitCode)).toEqual(apps.map(() => 124))
  })

  test('handed in, they are its clock', async () => {
    const app = createTestShutdown({
      grace: '10s',
      advanceTimers: (milliseconds) => timers.advanceTimersByTimeAsync(milliseconds),
    })
    const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
    app.shutdown.add([
      { name: 'jobs', phase: 'drain', run: () => later(2000) },
      { name: 'http', phase: 'drain', run: () => later(60_000) },
      { name: 'events', phase: 'flush', run: () => later(250) },
    ])
    app.shutdown.listen()
    await app.signal('SIGTERM')
    await app.advance('9s')
    const times = app.report.phases.flatMap(({ hooks }) =>
      hooks.map((hook) => [hook.name, hook.ended]),
    )
    // These runners' immediates come a millisecond later.
    expect(times).toEqual([
      ['jobs', 2000],
      ['http', 7191],
      ['events', 7441],
    ])
    expect(app.exitCode).toBe(124)
  })

  test('a run that ends where the clock stops is over, and leaves no timer', async () => {
    const before = timers.getTimerCount()
    const app = createTestShutdown({
      advanceTimers: (milliseconds) => timers.advanceTimersByTimeAsync(milliseconds),
    })
    app.shutdown.add({ name: 'jobs', phase: 'drain', run: () => app.sleep('3s') })
    app.shutdown.listen()
    await app.signal('SIGTERM')
    await app.advance(2999.5)
    expect(app.exitCode).toBe(0)
    expect(app.report.duration).toBe(3000)
    expect(timers.getTimerCount()).toBe(before)
  })

  test('real ones are not moved by a function that moves nothing', async () => {
    timers.useRealTimers()
    const app = createTestShutdown({ advanceTimers: () => {} })
    await expect(app.advance('10s')).rejects.toThrow('Turn the fake timers on before')
  })
}
