import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import { createShutdown } from 'lastcall'
import { type WebSocketServerOptions, webSocketServer } from 'lastcall/http'
import { describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'

/** What a caller without types may pass. */
const untyped = webSocketServer as (sockets: unknown, options?: unknown) => unknown

describe('webSocketServer() takes a WebSocketServer of ws', () => {
  test('as it is, and returns one hook beside the drain', () => {
    const hooks = webSocketServer(new WebSocketServer({ server: createServer() }))

    expect(hooks).toEqual([{ name: 'websockets', phase: 'drain', run: expect.any(Function) }])
  })

  test('with the name, the phase and the time that it is given', () => {
    const options: WebSocketServerOptions = {
      name: 'chat',
      phase: 'stop',
      timeout: '5s',
      reserve: '1s',
      code: 4000,
      reason: '',
      batchSize: 1,
      batchInterval: 0,
      busy: () => true,
      goneClients: '1m',
      stragglers: 0,
    }

    expect(webSocketServer(new WebSocketServer({ noServer: true }), options)).toEqual([
      { name: 'chat', phase: 'stop', timeout: '5s', reserve: '1s', run: expect.any(Function) },
    ])
  })
})

describe('webSocketServer() refuses what is not a WebSocketServer, and says what to pass', () => {
  test.each([
    ['nothing', undefined, 'got undefined. Pass the WebSocketServer of ws.'],
    ['null', null, 'got null. Pass the WebSocketServer of ws.'],
    ['a port', 8080, 'got 8080 (number). Pass the WebSocketServer of ws.'],
    ['an object', {}, 'got an object (Object). Pass the WebSocketServer of ws.'],
    ['the class', WebSocketServer, 'got a function named WebSocketServer. Pass the'],
    ['an HTTP server', createServer(), 'got an object (Server).'],
    ['an emitter', new EventEmitter(), 'got an object (EventEmitter). Pass the WebSocketServer'],
    [
      'one that does not know its clients',
      new WebSocketServer({ noServer: true, clientTracking: false }),
      'got an object (WebSocketServer). It does not say who its clients are: pass the WebSocketServer of ws, without `clientTracking: false`.',
    ],
  ])('%s', (_, given, message) => {
    expect(() => untyped(given)).toThrow(
      expect.objectContaining({
        name: 'LastcallError',
        code: 'LASTCALL_NOT_A_SERVER',
        message: expect.stringContaining(message),
      }),
    )
    expect(() => untyped(given)).toThrow('Expected `sockets` to be a WebSocketServer of ws')
  })
})

describe('webSocketServer() refuses a bad option, and names it, its rule and its value', () => {
  const codes = '1000, 1001, 1008, 1011, 1012, 1013, or one from 3000 to 4999'
  const reason = 'a string of at most 123 bytes in UTF-8'
  const size = 'an integer of 1 or more'
  const duration = 'a duration of 0 or more'
  test.each([
    ['no options', null, '`options`', "{ name: 'websockets' }", 'got null'],
    ['a list', [], '`options`', "{ name: 'websockets' }", 'got an array of 0'],
    ['a code that is none', { code: 999 }, '`code`', codes, 'got 999 (number)'],
    ['a code that may not be sent', { code: 1005 }, '`code`', codes, 'got 1005 (number)'],
    ['a code that says too little', { code: 1006 }, '`code`', codes, 'got 1006 (number)'],
    ['a code that no specification has', { code: 2999 }, '`code`', codes, 'got 2999 (number)'],
    ['a code beyond all', { code: 5000 }, '`code`', codes, 'got 5000 (number)'],
    ['half a code', { code: 3000.5 }, '`code`', codes, 'got 3000.5 (number)'],
    ['a code of text', { code: '1001' }, '`code`', codes, "got '1001' (string)"],
    ['a code of no type', { code: null }, '`code`', codes, 'got null'],
    ['a reason of no text', { reason: 5 }, '`reason`', reason, 'got 5 (number)'],
    ['a long reason', { reason: 'x'.repeat(124) }, '`reason`', reason, `got '${'x'.repeat(78)}… `],
    ['a reason of long letters', { reason: 'ö'.repeat(62) }, '`reason`', reason, "got 'öö"],
    ['a batch of none', { batchSize: 0 }, '`batchSize`', size, 'got 0 (number)'],
    ['half a batch', { batchSize: 1.5 }, '`batchSize`', size, 'got 1.5 (number)'],
    ['an endless batch', { batchSize: Infinity }, '`batchSize`', size, 'got Infinity (number)'],
    ['a batch of text', { batchSize: '10' }, '`batchSize`', size, "got '10' (string)"],
    ['a negative interval', { batchInterval: -1 }, '`batchInterval`', duration, 'got -1 (number)'],
    [
      'an interval of text',
      { batchInterval: '5' },
      '`batchInterval`',
      duration,
      "got '5' (string)",
    ],
    ['an endless interval', { batchInterval: Infinity }, '`batchInterval`', duration, 'Infinity'],
    ['no interval', { batchInterval: Number.NaN }, '`batchInterval`', duration, 'got NaN (number)'],
    ['a busy one', { busy: true }, '`busy`', 'a function that', 'got true (boolean)'],
    ['a negative bound', { stragglers: -1 }, '`stragglers`', duration, 'got -1 (number)'],
    ['a bound of text', { stragglers: '2' }, '`stragglers`', duration, "got '2' (string)"],
    ['a bound for the gone', { goneClients: '5' }, '`goneClients`', duration, "got '5' (string)"],
    ['an empty name', { name: '' }, '`hook.name`', 'a string that is not empty', "got '' (string)"],
    ['a bad time', { timeout: '5' }, "`timeout of hook 'websockets'`", 'a duration', "got '5'"],
    ['a bad reserve', { reserve: -1 }, "`reserve of hook 'websockets'`", 'a duration', 'got -1'],
  ])('%s', (_, options, option, rule, value) => {
    const sockets = new WebSocketServer({ noServer: true })
    expect(() => untyped(sockets, options)).toThrow(
      expect.objectContaining({
        name: 'LastcallError',
        code: 'LASTCALL_INVALID_OPTION',
        message: expect.stringContaining(`Expected ${option} to be `),
      }),
    )
    expect(() => untyped(sockets, options)).toThrow(rule)
    expect(() => untyped(sockets, options)).toThrow(value)
    expect(sockets.listenerCount('connection')).toBe(0)
  })

  test('of its phase, when it is added', () => {
    const shutdown = createShutdown({ exit: false })
    const sockets = new WebSocketServer({ noServer: true })

    expect(() => shutdown.add(webSocketServer(sockets, { phase: 'drian' }))).toThrow(
      expect.objectContaining({ code: 'LASTCALL_UNKNOWN_PHASE' }),
    )
  })

  test('of its name where that is taken, when it is added', () => {
    const shutdown = createShutdown({ exit: false })
    shutdown.add(webSocketServer(new WebSocketServer({ noServer: true })))

    expect(() => shutdown.add(webSocketServer(new WebSocketServer({ noServer: true })))).toThrow(
      expect.objectContaining({ code: 'LASTCALL_NAME_TAKEN' }),
    )
  })
})
