import type { Server } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'
import type { Server as SecureServer } from 'node:https'
import type { ServerType, serve } from '@hono/node-server'
import express, { type RequestHandler, Router } from 'express'
import fastify from 'fastify'
import type Koa from 'koa'
import { createShutdown, type Shutdown } from 'lastcall'
import {
  expressShutdown,
  fastifyShutdown,
  type HookTaker,
  httpServer,
  requestSignal,
  type SignalledRequest,
  type WebSocketServerLike,
  webSocketServer,
} from 'lastcall/http'
import { describe, expectTypeOf, test } from 'vitest'
import type { WebSocketServer } from 'ws'

type Server_ = Parameters<typeof httpServer>[0]

// What is proved here is that it compiles against the types of the frameworks: `npm run check`.

describe('httpServer() takes', () => {
  test('every server of Node', () => {
    expectTypeOf<Server>().toExtend<Server_>()
    expectTypeOf<SecureServer>().toExtend<Server_>()
    expectTypeOf<Http2Server>().toExtend<Server_>()
    expectTypeOf<Http2SecureServer>().toExtend<Server_>()
  })

  test("what Hono's serve() returns", () => {
    expectTypeOf<ServerType>().toExtend<Server_>()
    expectTypeOf<ReturnType<typeof serve>>().toExtend<Server_>()
  })

  test('what listen() of Express and of Koa returns', () => {
    expectTypeOf<ReturnType<ReturnType<typeof express>['listen']>>().toExtend<Server_>()
    expectTypeOf<ReturnType<Koa['listen']>>().toExtend<Server_>()
  })

  test("every server of Fastify's", () => {
    const make = () => [
      httpServer(fastify().server),
      httpServer(fastify({ https: {} }).server),
      httpServer(fastify({ http2: true }).server),
      httpServer(fastify({ http2: true, https: {} }).server),
    ]
    expectTypeOf(make).toBeFunction()
  })

  test('no application, and no options of another kind', () => {
    expectTypeOf<ReturnType<typeof express>>().not.toExtend<Server_>()
    // @ts-expect-error: it takes the server
    const app = () => httpServer(fastify())
    // @ts-expect-error: it is misspelt
    const options = (server: Server) => httpServer(server, { refuseWithIn: 5 })
    expectTypeOf([app, options]).toBeArray()
  })
})

describe('a shutdown', () => {
  test('fits the adapters for frameworks', () => {
    expectTypeOf<Shutdown>().toExtend<HookTaker>()
  })
})

describe('expressShutdown()', () => {
  test('is a handler of Express, for an application and for a router', () => {
    const use = (shutdown: Shutdown) => {
      express().use(expressShutdown(shutdown))
      express().use('/ops', expressShutdown(shutdown, { linger: '1s', lameDuck: 0 }))
      Router().use(expressShutdown(shutdown))
    }
    expectTypeOf(use).toBeFunction()
    expectTypeOf<ReturnType<typeof expressShutdown>>().toExtend<RequestHandler>()
  })
})

describe('fastifyShutdown', () => {
  test('is a plugin of every kind of Fastify', () => {
    const register = (shutdown: Shutdown) => {
      fastify().register(fastifyShutdown, { shutdown })
      fastify({ https: {} }).register(fastifyShutdown, { shutdown, linger: '1s' })
      fastify({ http2: true }).register(fastifyShutdown, { shutdown })
      fastify({ http2: true, https: {} }).register(fastifyShutdown, { shutdown })
      fastify({ logger: true }).register(fastifyShutdown, { shutdown, logLevel: 'warn' })
    }
    expectTypeOf(register).toBeFunction()
  })

  test('needs a shutdown, and takes no unknown option', () => {
    const shutdown = () => createShutdown()
    const register = () => {
      // @ts-expect-error: it needs a shutdown
      fastify().register(fastifyShutdown)
      // @ts-expect-error: it needs a shutdown
      fastify().register(fastifyShutdown, {})
      // @ts-expect-error: it is misspelt
      fastify().register(fastifyShutdown, { shutdown: shutdown(), lingre: 5 })
    }
    expectTypeOf(register).toBeFunction()
  })
})

describe('requestSignal() takes', () => {
  test('the request of every framework, or the object that wraps it', () => {
    expectTypeOf<Parameters<RequestHandler>[0]>().toExtend<SignalledRequest>()
    expectTypeOf<Koa.Context>().toExtend<SignalledRequest>()
    const routes = () => {
      fastify().get('/', (request) => requestSignal(request))
      fastify({ http2: true }).get('/', (request) => requestSignal(request))
    }
    expectTypeOf(routes).toBeFunction()
    expectTypeOf<Request>().not.toExtend<SignalledRequest>()
  })
})

describe('webSocketServer() takes', () => {
  test('the WebSocketServer of ws, by its types', () => {
    expectTypeOf<WebSocketServer>().toExtend<WebSocketServerLike>()
    const hooks = (sockets: WebSocketServer) => webSocketServer(sockets)
    expectTypeOf(hooks).toBeFunction()
  })
})
