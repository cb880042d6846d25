// Expectations that are wrong. In each runner, the failure has to say so, and has to show this file.
// `expected.ts` has what the messages say.

/** `http` hangs, `jobs` takes 2 s, `events` fails, and the others take no time. */
async function shop() {
  const app = createTestShutdown({ grace: '10s' })
  app.shutdown.add('http', () => new Promise(() => {}), { phase: 'drain' })
  app.shutdown.add('jobs', () => app.sleep('2s'), { phase: 'drain' })
  app.shutdown.add(
    'events',
    async () => {
      await app.sleep('100ms')
      throw new Error('disk full')
    },
    { phase: 'flush', reserve: '2s' },
  )
  app.shutdown.add('postgres', () => {})
  app.shutdown.add('redis', () => {})
  app.shutdown.listen()
  return app.run()
}

/** A shutdown that is over in time. */
async function clean() {
  const app = createTestShutdown({ grace: '10s' })
  app.shutdown.add('jobs', () => app.sleep('6s'), { phase: 'drain' })
  app.shutdown.add('postgres', () => app.sleep('1s'))
  app.shutdown.listen()
  return app.run()
}

function plan() {
  const { shutdown } = createTestShutdown({ grace: '30s' })
  shutdown.add('jobs', () => {}, { phase: 'drain', timeout: '5s' })
  shutdown.add('postgres', () => {}, { timeout: '2s' })
  return shutdown.plan()
}

check('phases in the wrong order', async () => {
  expectOrder(await shop(), ['events', ['http', 'jobs']])
})

check('one phase', async () => {
  expectOrder(await shop(), ['jobs', 'http'])
})

check('mocks that take no time', async () => {
  expectOrder(await shop(), ['postgres', 'redis'])
})

check('ended by its limit', async () => {
  expectOrder(await shop(), ['http', 'postgres'])
})

check('ended by an error', async () => {
  expectBefore(await shop(), 'events', 'postgres')
})

check('apart', async () => {
  expectTogether(await shop(), ['http', 'jobs', 'postgres'])
})

check('not cut off', async () => {
  expectCutOff(await shop(), 'jobs')
})

check('too little time', async () => {
  expectTimeFor(await shop(), 'events', '3s')
})

check('not clean', async () => {
  expectCleanEnd(await shop())
})

check('too little headroom', async () => {
  expectCleanEnd(await clean(), { headroom: 30 })
})

check('too long', async () => {
  expectEndWithin(await clean(), '5s')
})

check('a plan that does not fit', async () => {
  expectPlanFits(plan(), '8s')
})

check('no report', async () => {
  expectOrder(createTestShutdown().report, ['http', 'postgres'])
})

check('no such hook', async () => {
  expectCutOff(await clean(), 'mysql')
})

check('real work that was cut off', async () => {
  const app = createTestShutdown({ grace: '10s' })
  const server = createServer()
  app.shutdown.add('log', () => once(server.listen(0), 'close'))
  app.shutdown.listen()
  await app.signal('SIGTERM')
  await app.advance('30s')
  server.close()
  expectCleanEnd(app.report)
})

if (hasMatchers) {
  check('matcher: phases in the wrong order', async () => {
    expect(await shop()).toHaveRunInOrder(['events', 'http'])
  })

  check('matcher: cut off, with not', async () => {
    expect(await shop()).not.toHaveCutOff('http')
  })

  check('matcher: not clean', async () => {
    expect(await shop()).toHaveEndedClean()
  })

  check('matcher: a plan that does not fit', async () => {
    expect(plan()).toFitIn('8s')
  })

  check('matcher: a promise of a report', async () => {
    await expect(clean()).resolves.toEndWithin('5s')
  })
}
