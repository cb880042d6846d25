import { createServer } from 'node:http'
import { createShutdown } from 'lastcall'
import { type HealthChecks, type HealthOptions, healthChecks, httpServer } from 'lastcall/http'
import { describe, expect, test } from 'vitest'
import { Clients } from '../../../src/http/clients.ts'
import { probesOf } from '../../../src/http/health/health-checks.ts'
import { VirtualClock } from '../../support/hooks/virtual.ts'
import { Script } from '../../support/programs/script.ts'
import {
  connect,
  Gate,
  hookOf,
  listen,
  serve,
  stoppedListening,
  until,
} from '../../support/service.ts'

/** A server that answers probes, and says `page` to everything else. */
async function serveHealth(health: HealthChecks) {
  const server = createServer((request, response) => {
    if (!health(request, response)) response.end('page')
  })
  return connect(await listen(server))
}

describe('healthChecks() with node:http', () => {
  test('answers both probes with 200 before a shutdown', async () => {
    const client = await serveHealth(healthChecks())

    for (const [path, status] of [
      ['/livez', 'alive'],
      ['/readyz', 'ready'],
    ] as const) {
      const { headers, ...answer } = await client.get(path)
      expect(answer).toMatchObject({ status: 200, body: `{"status":"${status}"}\n` })
      expect(headers).toMatchObject({
        'content-type': ['application/json'],
        'cache-control': ['no-store'],
      })
    }
  })

  test('answers readiness with 503 once it is announced, and liveness as before', async () => {
    const health = healthChecks()
    const client = await serveHealth(health)
    health.announce()

    expect(await client.get('/readyz')).toMatchObject({
      status: 503,
      body: '{"status":"stopping"}\n',
    })
    expect(await client.get('/livez')).toMatchObject({ status: 200 })
  })

  test('leaves every other request to the handler', async () => {
    const health = healthChecks()
    const client = await serveHealth(health)

    for (const path of ['/', '/livez/', '/livezz', '/x/livez', '/x?path=/livez', '/LIVEZ']) {
      expect(await client.get(path), path).toMatchObject({ status: 200, body: 'page' })
    }
  })

  test('answers probes that carry a query', async () => {
    const client = await serveHealth(healthChecks())

    expect(await client.get('/readyz?verbose')).toMatchObject({ body: '{"status":"ready"}\n' })
    expect(await client.get('/livez?a=1?b')).toMatchObject({ body: '{"status":"alive"}\n' })
  })

  test('answers HEAD with the same head and no body', async () => {
    const client = await serveHealth(healthChecks())
    const { headers } = await client.get('/readyz')
    const head = await client.get('/readyz', { method: 'HEAD' })

    expect(head).toMatchObject({ status: 200, body: '' })
    expect(head.headers['content-length']).toEqual(headers['content-length'])
    // Nothing of a body stands before the next answer.
    expect(await client.get('/livez')).toMatchObject({ status: 200 })
  })

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('takes no %s for a probe', async (method) => {
    const client = await serveHealth(healthChecks())

    expect(await client.get('/readyz', { method })).toMatchObject({ body: 'page' })
    expect(await client.get('/livez', { method })).toMatchObject({ body: 'page' })
  })

  test('answers under other names, and no longer under the usual ones', async () => {
    const client = await serveHealth(healthChecks({ livez: '/alive', readyz: '/ready/now' }))

    expect(await client.get('/alive')).toMatchObject({ body: '{"status":"alive"}\n' })
    expect(await client.get('/ready/now')).toMatchObject({ body: '{"status":"ready"}\n' })
    expect(await client.get('/livez')).toMatchObject({ body: 'page' })
    expect(await client.get('/readyz')).toMatchObject({ body: 'page' })
  })
})

describe('the log of a check of the application', () => {
  /** A check that does what the test says, and what it logs. */
  async function serveChecked() {
    const lines: [string, string, string][] = []
    const errors: unknown[] = []
    const write = (level: string) => (fields: object, msg: string) => {
      const { event, err } = fields as { event: string; err?: unknown }
      lines.push([level, event, msg.split('\n', 1)[0] ?? ''])
      if (err !== undefined) errors.push(err)
    }
    let act: () => boolean | Promise<boolean> = () => true
    const health = healthChecks({
      ready: () => act(),
      log: { info: write('info'), warn: write('warn'), error: write('error') },
    })
    const client = await serveHealth(health)
    const probe = async (check: typeof act) => {
      act = check
      const { status } = await client.get('/readyz')
      return status
    }
    return { client, errors, health, lines, probe }
  }

  const fails = (message: string) => () => Promise.reject(new TypeError(message))
  const failed = (error: string) => [
    'error',
    'readiness:failed',
    `lastcall: the readiness check failed, so /readyz answers 503: ${error}`,
  ]
  const works = ['info', 'readiness:works', 'lastcall: the readiness check works again']

  test('has a line with the error when it fails, and one when it works again', async () => {
    const { errors, lines, probe } = await serveChecked()
    const checks = [
      () => true,
      fails('no database'),
      fails('no database'),
      fails('no cache'),
      () => true,
      () => true,
      fails('no network'),
    ]
    const statuses: number[] = []
    for (const check of checks) statuses.push(await probe(check))

    expect(statuses).toEqual([200, 503, 503, 503, 200, 200, 503])
    expect(lines).toEqual([
      failed('TypeError: no database'),
      works,
      failed('TypeError: no network'),
    ])
    expect(errors).toMatchObject([
      { type: 'TypeError', message: 'no database', stack: expect.stringContaining('no database') },
      { type: 'TypeError', message: 'no network' },
    ])
  })

  test('has none of a check that says that it is not ready', async () => {
    const { lines, probe } = await serveChecked()
    await probe(() => false)
    await probe(() => true)
    expect(lines).toEqual([])

    await probe(fails('no database'))
    await probe(() => false)
    expect(lines).toEqual([failed('TypeError: no database'), works])
  })

  test('has a line of whatever a check throws', async () => {
    const { lines, probe } = await serveChecked()
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    await probe(() => Promise.reject(undefined))
    await probe(() => true)
    await probe(() => {
      throw proxy
    })

    expect(lines).toEqual([
      failed('NonError: undefined'),
      works,
      failed('Error: (cannot be shown)'),
    ])
  })

  test('has none of a check that is still running when the shutdown is announced', async () => {
    const { client, health, lines, probe } = await serveChecked()
    const [asked, gate] = [new Gate(), new Gate()]
    const probed = probe(async () => {
      asked.open()
      await gate.opened
      throw new Error('the pool is closed')
    })
    await asked.opened
    health.announce()
    gate.open()

    expect(await probed).toBe(503)
    expect(await client.get('/livez')).toMatchObject({ status: 200 })
    expect(lines).toEqual([])
  })

  test('is on stderr by default', async () => {
    const script = new Script(`
      import { healthChecks } from 'lastcall/http'
      const health = healthChecks({ ready: () => { throw new Error('no database') } })
      const response = { writeHead() {}, end() {} }
      health({ url: '/readyz', method: 'GET', socket: {} }, response)
    `)
    const { code, stderr } = await script.ended

    expect(JSON.parse(stderr)).toMatchObject({
      level: 'error',
      event: 'readiness:failed',
      err: { message: 'no database' },
    })
    expect(code).toBe(0)
  })
})

describe('a check of the application', () => {
  const NOT_READY = { status: 503, body: '{"status":"not ready"}\n' }

  test.each([
    ['is false', () => false],
    ['comes to false', () => Promise.resolve(false)],
    [
      'throws',
      () => {
        throw new Error('no database')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no database'))],
  ] as [string, () => boolean | Promise<boolean>][])(
    'that %s makes readiness 503, and leaves liveness alone',
    async (_, ready) => {
      const client = await serveHealth(healthChecks({ ready, log: false }))

      expect(await client.get('/readyz')).toMatchObject(NOT_READY)
      expect(await client.get('/livez')).toMatchObject({ status: 200 })
    },
  )

  test('is called for each probe', async () => {
    let ready = false
    const client = await serveHealth(healthChecks({ ready: async () => ready }))
    expect(await client.get('/readyz')).toMatchObject(NOT_READY)
    ready = true
    expect(await client.get('/readyz')).toMatchObject({ status: 200 })
  })

  test('is not called any more once the shutdown is announced', async () => {
    let asked = 0
    const health = healthChecks({ ready: () => ++asked > 0 })
    const client = await serveHealth(health)
    health.announce()

    expect(await client.get('/readyz')).toMatchObject({ body: '{"status":"stopping"}\n' })
    expect(asked).toBe(0)
  })

  test('that passes only after the announcement makes readiness 503 all the same', async () => {
    const [asked, gate] = [new Gate(), new Gate()]
    const health = healthChecks({
      ready: async () => {
        asked.open()
        await gate.opened
        return true
      },
    })
    const client = await serveHealth(health)
    client.ask('/readyz')
    await asked.opened
    health.announce()
    gate.open()

    expect(await client.answer()).toMatchObject({ status: 503, body: '{"status":"stopping"}\n' })
  })

  test('that never ends holds up no probe once the shutdown is announced', async () => {
    const asked = new Gate()
    const ready = () => {
      asked.open()
      return new Promise<boolean>(() => {})
    }
    const health = healthChecks({ ready })
    const client = await serveHealth(health)
    client.ask('/readyz')
    await asked.opened
    health.announce()

    expect(await client.answer()).toMatchObject({ status: 503 })
  })

  test('that is still running when something else answered its request does no harm', async () => {
    const gate = new Gate()
    const health = healthChecks({ ready: () => gate.opened.then(() => true) })
    const server = createServer((request, response) => {
      health(request, response)
      // As a middleware for timeouts does.
      if (!response.headersSent) setImmediate(() => response.writeHead(504).end('too late'))
    })
    const client = await connect(await listen(server))
    const faults: unknown[] = []
    const shutdown = createShutdown({ exit: false, log: false })
    const unlisten = shutdown.listen()
    shutdown.on('fault', ({ fault }) => faults.push(fault.error.message))

    expect(await client.get('/readyz')).toMatchObject({ status: 504 })
    gate.open()
    expect(await client.get('/livez')).toMatchObject({ status: 200 })
    unlisten()
    expect(faults).toEqual([])
  })
})

describe('the health checks of a server that is shut down', () => {
  test('turns 503 in the announce phase, while the server still listens', async () => {
    const gate = new Gate()
    const health = healthChecks()
    const { connect, server, shutdown } = await serve(
      (request, response) => void health(request, response),
      { health, lameDuck: 0 },
    )
    shutdown.add({ name: 'registry', phase: 'deregister', run: () => gate.opened })
    const client = await connect()
    expect(await client.get('/readyz')).toMatchObject({ status: 200 })
    const run = shutdown.now()

    expect(server.listening).toBe(true)
    const newcomer = await connect()
    expect(await newcomer.get('/readyz')).toMatchObject({ status: 503 })
    expect(await newcomer.get('/livez')).toMatchObject({ status: 200 })
    gate.open()
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('answers liveness with 200 while the server drains', async () => {
    const [begun, gate] = [new Gate(), new Gate()]
    const health = healthChecks()
    const { connect, server, shutdown } = await serve(
      async (request, response) => {
        if (health(request, response)) return
        begun.open()
        await gate.opened
        response.end('ok')
      },
      { health, linger: '5s' },
    )
    const [slow, live, ready] = [await connect(), await connect(), await connect()]
    slow.ask('/')
    await begun.opened
    const run = shutdown.now()
    await stoppedListening({ server })

    expect(await live.get('/livez')).toMatchObject({ status: 200 })
    expect(await ready.get('/readyz')).toMatchObject({ status: 503 })
    gate.open()
    expect(await slow.answer()).toMatchObject({ status: 200 })
    live.socket.end()
    ready.socket.end()
    expect(await run).toMatchObject({ outcome: 'clean' })
  })

  test('gives its prober 503 three times before the server stops listening', async () => {
    const health = healthChecks()
    const { port, shutdown } = await serve((request, response) => void health(request, response), {
      health,
    })
    const statuses: number[] = []
    const known = new Gate()
    // Asks on a new connection each time, as a kubelet does, for as long as it gets one.
    const probe = async (): Promise<void> => {
      const client = await connect(port)
      const { status } = await client.get('/readyz', { headers: { Connection: 'close' } })
      statuses.push(status)
      if (statuses.length === 5) known.open()
      return probe()
    }
    const prober = probe().catch(() => 'turned away')
    await known.opened
    const run = shutdown.now()

    expect(await prober).toBe('turned away')
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThanOrEqual(3)
    expect(hookOf(await run, 'http:unbind')).toMatchObject({
      status: 'done',
      notes: [expect.stringMatching(/^lame duck of \d+ ms: every prober got a 503$/)],
    })
  })

  test('does not count its probes as arrivals', async () => {
    const health = healthChecks()
    const server = createServer((request, response) => {
      if (!health(request, response)) response.end('page')
    })
    const { state } = new Clients(server, new VirtualClock(), probesOf(health)?.isProbe)
    const port = await listen(server)
    await (await connect(port)).get('/readyz?a=b')
    await (await connect(port)).get('/livez', { method: 'HEAD' })
    expect(state.lastArrivalAt).toBe(Number.NEGATIVE_INFINITY)
    await (await connect(port)).get('/')
    await until(() => state.lastArrivalAt === 0)
  })
})

describe('healthChecks() refuses a bad option, and names it, its rule and its value', () => {
  const path = 'a path that begins with a slash, without a query'
  test.each([
    [
      'a path without a slash',
      { livez: 'livez' },
      '`livez`',
      path,
      "got 'livez' (string). Write '/livez'.",
    ],
    [
      'a log that is none',
      { log: 'loud' },
      '`log`',
      "false, 'text', 'json'",
      "got 'loud' (string)",
    ],
    [
      'a path with a query',
      { readyz: '/readyz?full' },
      '`readyz`',
      path,
      "got '/readyz?full' (string).",
    ],
    ['a path with a space', { readyz: '/ready z' }, '`readyz`', path, "got '/ready z' (string)."],
    [
      'a URL',
      { livez: 'http://localhost/livez' },
      '`livez`',
      path,
      "got 'http://localhost/livez' (string).",
    ],
    ['an empty path', { livez: '' }, '`livez`', path, "got '' (string)."],
    ['a path that is a number', { readyz: 503 }, '`readyz`', path, 'got 503 (number).'],
    [
      'one path for both',
      { livez: '/health', readyz: '/health' },
      '`readyz`',
      'another path than livez',
      "got '/health' (string).",
    ],
    [
      'the other path for one',
      { readyz: '/livez' },
      '`readyz`',
      'another path than livez',
      "got '/livez' (string).",
    ],
    [
      'a check that is none',
      { ready: true },
      '`ready`',
      'a function that returns a boolean, or a promise of one',
      'got true (boolean).',
    ],
    [
      'a check that has begun',
      { ready: Promise.resolve(true) },
      '`ready`',
      'a function that returns a boolean, or a promise of one',
      'got an object (Promise).',
    ],
    ['no options', null, '`options`', 'an object', 'got null'],
  ])('%s', (_, options, option, rule, value) => {
    const create = () => healthChecks(options as HealthOptions)
    expect(create).toThrow(
      expect.objectContaining({
        name: 'LastcallError',
        code: 'LASTCALL_INVALID_OPTION',
        message: expect.stringContaining(`Expected ${option} to be ${rule}`),
      }),
    )
    expect(create).toThrow(value)
  })
})

describe('one healthChecks()', () => {
  test('may be passed to two servers', async () => {
    const health = healthChecks()
    const shutdown = createShutdown({ exit: false, log: false })
    shutdown.add(httpServer(createServer(), { name: 'public', health }))
    shutdown.add(httpServer(createServer(), { name: 'admin', health }))

    expect(await shutdown.now()).toMatchObject({ outcome: 'clean' })
  })
})
