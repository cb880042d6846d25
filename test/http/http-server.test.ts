import { createServer, type Server } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { createShutdown } from 'lastcall'
import { type HttpServerOptions, healthChecks, httpServer } from 'lastcall/http'
import { describe, expect, test } from 'vitest'

/** What a caller without types may pass. */
const untyped = httpServer as (server: unknown, options?: unknown) => unknown

/** What listens to a server, by event. */
function listenersOf(server: Pick<Server, 'eventNames' | 'listenerCount'>): Record<string, number> {
  const names = server.eventNames().map(String)
  return Object.fromEntries(names.map((name) => [name, server.listenerCount(name)]))
}

describe('httpServer() refuses what is not a server, and says what to pass', () => {
  test.each([
    [
      'nothing',
      undefined,
      'got undefined. Pass what createServer() of node:http, node:https or node:http2, or app.listen(), returns.',
    ],
    [
      'null',
      null,
      'got null. Pass what createServer() of node:http, node:https or node:http2, or app.listen(), returns.',
    ],
    [
      'a port',
      3000,
      'got 3000 (number). Pass what createServer() of node:http, node:https or node:http2, or app.listen(), returns.',
    ],
    [
      'a name',
      'http',
      "got 'http' (string). Pass what createServer() of node:http, node:https or node:http2, or app.listen(), returns.",
    ],
    [
      'an object',
      {},
      'got an object (Object). Pass what createServer() of node:http, node:https or node:http2, or app.listen(), returns.',
    ],
    [
      'an Express application',
      express(),
      'This looks like an Express application: pass what app.listen() returns.',
    ],
    [
      'a Fastify application',
      fastify(),
      'write httpServer(app.server), or app.register(fastifyShutdown, { shutdown }).',
    ],
    [
      'a server of node:net',
      createNetServer(),
      'got an object (Server). Pass what createServer() of node:http, node:https or node:http2, or app.listen(), returns.',
    ],
  ])('%s', (_, given, message) => {
    const listeners = hasListeners(given) ? listenersOf(given) : {}
    expect(() => untyped(given)).toThrow(
      expect.objectContaining({
        name: 'LastcallError',
        code: 'LASTCALL_NOT_A_SERVER',
        message: expect.stringContaining(message),
      }),
    )
    if (hasListeners(given)) expect(listenersOf(given)).toEqual(listeners)
  })
})

describe('httpServer() refuses a bad option, and names it, its rule and its value', () => {
  const duration = 'a duration of 0 or more'
  test.each([
    ['no options', null, '`options`', "{ name: 'http' }", 'got null'],
    ['a string', 'http', '`options`', "{ name: 'http' }", "got 'http' (string)"],
    [
      'a linger of text',
      { linger: '250' },
      '`linger`',
      duration,
      "got '250' (string). Write 250 for milliseconds or '250s' for seconds.",
    ],
    ['a negative linger', { linger: -1 }, '`linger`', duration, 'got -1 (number)'],
    [
      'an endless linger',
      { linger: Number.POSITIVE_INFINITY },
      '`linger`',
      duration,
      'got Infinity (number)',
    ],
    ['a linger of no type', { linger: null }, '`linger`', duration, 'got null'],
    ['a lame duck of text', { lameDuck: 'long' }, '`lameDuck`', duration, "got 'long' (string)"],
    [
      'a lame duck that is a flag',
      { lameDuck: true },
      '`lameDuck`',
      duration,
      'got true (boolean)',
    ],
    ['a lame duck of null', { lameDuck: null }, '`lameDuck`', duration, 'got null'],
    [
      'a bad minimum',
      { lameDuck: { atLeast: '5' } },
      '`lameDuck.atLeast`',
      duration,
      "got '5' (string)",
    ],
    [
      'a bad maximum',
      { lameDuck: { atMost: Number.NaN } },
      '`lameDuck.atMost`',
      duration,
      'got NaN (number)',
    ],
    [
      'a bad quiet time',
      { lameDuck: { quiet: -5 } },
      '`lameDuck.quiet`',
      duration,
      'got -5 (number)',
    ],
    [
      'half a probe',
      { lameDuck: { probes: 1.5 } },
      '`lameDuck.probes`',
      'an integer of 0 or more',
      'got 1.5 (number)',
    ],
    [
      'probes of text',
      { lameDuck: { probes: '3' } },
      '`lameDuck.probes`',
      'an integer of 0 or more',
      "got '3' (string)",
    ],
    [
      'a minimum above the maximum',
      { lameDuck: { atLeast: '2s', atMost: '1s' } },
      '`lameDuck.atLeast`',
      'at most lameDuck.atMost (1000 ms)',
      "got '2s' (string)",
    ],
    [
      'a health that is the function itself',
      { health: healthChecks },
      '`health`',
      'what healthChecks() returns',
      'got a function named healthChecks',
    ],
    ['a health of null', { health: null }, '`health`', 'what healthChecks() returns', 'got null'],
  ])('%s', (_, options, option, rule, value) => {
    const server = createServer()
    const listeners = listenersOf(server)
    expect(() => untyped(server, options)).toThrow(
      expect.objectContaining({
        name: 'LastcallError',
        code: 'LASTCALL_INVALID_OPTION',
        message: expect.stringContaining(`Expected ${option} to be `),
      }),
    )
    expect(() => untyped(server, options)).toThrow(rule)
    expect(() => untyped(server, options)).toThrow(value)
    expect(listenersOf(server)).toEqual(listeners)
  })

  test.each([
    ['a name', { name: '' }, 'hook.name'],
    ['a time that is none', { timeout: '5' }, "timeout of hook 'http'"],
    ['a reserve that is none', { reserve: -1 }, "reserve of hook 'http'"],
    ['a reserve above the time', { timeout: 100, reserve: 200 }, "reserve of hook 'http'"],
  ])('of its hook as add() does: %s', (_, options, named) => {
    const server = createServer()
    const listeners = listenersOf(server)
    const shutdown = createShutdown({ exit: false })
    expect(() => shutdown.add(httpServer(server, options as HttpServerOptions))).toThrow(
      expect.objectContaining({
        code: 'LASTCALL_INVALID_OPTION',
        message: expect.stringContaining(`Expected \`${named}\``),
      }),
    )
    expect(listenersOf(server)).toEqual(listeners)
  })

  test('of its phase as add() does', () => {
    const shutdown = createShutdown({ exit: false })
    expect(() => shutdown.add(httpServer(createServer(), { phase: 'drian' }))).toThrow(
      expect.objectContaining({
        code: 'LASTCALL_UNKNOWN_PHASE',
        message: expect.stringContaining('drain (400)'),
      }),
    )
  })
})

describe('httpServer() returns hooks', () => {
  const places = (options?: HttpServerOptions) =>
    httpServer(createServer(), options).map(({ name, phase }) => [name, phase])

  test('for the announcement, the end of listening and the drain, with and without health checks', () => {
    const three = [
      ['http:announce', 'announce'],
      ['http:unbind', 'unbind'],
      ['http', 'drain'],
    ]
    expect(places()).toEqual(three)
    expect(places({ health: healthChecks(), phase: 'drain' })).toEqual(three)
  })

  test('of which one does all the rest in a phase of its own', () => {
    expect(places({ name: 'admin', phase: 'stop' })).toEqual([
      ['admin:announce', 'announce'],
      ['admin', 'stop'],
    ])
  })

  test('that carry its time and its reserve', () => {
    const options = { timeout: '5s', reserve: '1s' } as const
    const [announce, unbind, drain] = httpServer(createServer(), options)
    expect(announce).not.toHaveProperty('timeout')
    expect(unbind).toMatchObject({ timeout: '5s' })
    expect(unbind).not.toHaveProperty('reserve')
    expect(drain).toMatchObject({ timeout: expect.any(Function), reserve: '1s' })

    const [, whole] = httpServer(createServer(), { ...options, phase: 'stop' })
    expect(whole).toMatchObject({ timeout: '5s', reserve: '1s' })
    for (const hook of httpServer(createServer())) {
      expect(Object.keys(hook)).toEqual(['name', 'phase', 'run'])
    }
  })

  test('for the servers of Express and Fastify', async () => {
    const [app, server] = [fastify(), createServer(express())]

    expect(httpServer(app.server)).toHaveLength(3)
    expect(httpServer(server)).toHaveLength(3)
    await app.close()
  })
})

function hasListeners(value: unknown): value is Server {
  return typeof (value as Partial<Server> | null)?.eventNames === 'function'
}
