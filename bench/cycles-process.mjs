// A process that does the same thing again and again, and prints what it leaves behind:
// node --expose-gc bench/cycles-process.mjs '{"what":"node:http","with":true,"cycles":100}'
import { spawn } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

const {
  what,
  with: isWith = true,
  cycles = 100,
  samples = 10,
} = JSON.parse(process.argv[2] ?? '{}')

/** Cycles that are not measured: code is compiled, pools and tables grow to their size. */
const WARM_UP = 20
/** What one cycle does of the things that are too small for one. */
const REQUESTS = 5

const require = createRequire(import.meta.url)
const { createShutdown } = await import('lastcall')
const http = await import('lastcall/http')
const workers = await import('lastcall/workers')
const testing = await import('lastcall/testing')

/** What has to be collected: each object that a cycle has made. */
const made = []
const watch = (object) => {
  made.push(new WeakRef(object))
  return object
}

const log = { level: 'warn' }
const newShutdown = (options) =>
  watch(createShutdown({ exit: false, log, grace: '10s', ...options }))

/** Requests on connections that are kept alive: they are there when the end comes. */
async function ask(port, path = '/') {
  const agent = new Agent({ keepAlive: true })
  for (let n = 0; n < REQUESTS; n++) {
    const asked = request({ port, host: '127.0.0.1', path: n === 0 ? '/readyz' : path, agent })
    const [response] = await once(asked.end(), 'response')
    await once(response.resume(), 'end')
  }
  return agent
}

async function listening(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

/** What people write by hand. */
async function close(server, agent) {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections?.()
  await closed
  agent?.destroy()
}

const hooks = (server, options) => http.httpServer(server, { linger: 5, lameDuck: 0, ...options })

async function serve(server, add) {
  const shutdown = isWith ? newShutdown() : undefined
  if (shutdown) add(shutdown)
  const port = await listening(watch(server))
  shutdown?.listen()
  const agent = await ask(port)
  if (!shutdown) return close(server, agent)
  await cleanRun(shutdown)
  agent.destroy()
}

async function cleanRun(shutdown) {
  const { outcome } = await shutdown.now()
  if (outcome !== 'clean') throw new Error(`the shutdown ended ${outcome}`)
}

const answer = (_request, response) => response.end('ok')

/** One cycle each. */
const CYCLES = {
  'node:http'() {
    const health = http.healthChecks()
    const handle = (asked, response) => health(asked, response) || answer(asked, response)
    const server = createServer(isWith ? handle : answer)
    return serve(server, (shutdown) => shutdown.add(hooks(server, { health })))
  },

  async Express() {
    const { default: express } = await import('express')
    const app = express()
    const add = (shutdown) => app.use(http.expressShutdown(shutdown, { linger: 5, lameDuck: 0 }))
    const server = createServer(app)
    if (!isWith) app.get('/', (_request, response) => response.send('ok'))
    await serve(server, (shutdown) => {
      add(shutdown)
      app.get('/', (_request, response) => response.send('ok'))
    })
  },

  async Fastify() {
    const { default: fastify } = await import('fastify')
    const app = watch(fastify())
    const shutdown = isWith ? newShutdown() : undefined
    if (shutdown) app.register(http.fastifyShutdown, { shutdown, linger: 5, lameDuck: 0 })
    app.get('/', async () => 'ok')
    await app.listen({ port: 0, host: '127.0.0.1' })
    shutdown?.listen()
    const agent = await ask(app.server.address().port)
    if (shutdown) await cleanRun(shutdown)
    else {
      app.server.closeIdleConnections()
      await app.close()
    }
    agent.destroy()
  },

  async 'HTTP/2'() {
    const server = createHttp2Server(answer)
    const shutdown = isWith ? newShutdown() : undefined
    shutdown?.add(hooks(server))
    const port = await listening(watch(server))
    shutdown?.listen()
    const clients = await Promise.all([askHttp2(port), askHttp2(port)])
    if (!shutdown) {
      const closed = once(server, 'close')
      server.close()
      for (const client of clients) client.close()
      return closed
    }
    await cleanRun(shutdown)
  },

  async WebSockets() {
    const { WebSocket, WebSocketServer } = await import('ws')
    const server = createServer(answer)
    const sockets = watch(new WebSocketServer({ server }))
    const shutdown = isWith ? newShutdown() : undefined
    shutdown?.add([hooks(server), http.webSocketServer(sockets)])
    const port = await listening(watch(server))
    shutdown?.listen()
    const clients = [1, 2].map(() => new WebSocket(`ws://127.0.0.1:${port}`))
    await Promise.all(clients.map((client) => once(client, 'open')))
    const left = Promise.all(clients.map((client) => once(client, 'close')))
    if (shutdown) await cleanRun(shutdown)
    else {
      for (const socket of sockets.clients) socket.close(1001)
      await close(server)
    }
    await left
  },

  async 'tasks, a child process, a thread'() {
    const child = watch(spawn('sleep', ['100'], { stdio: 'ignore' }))
    const thread = new Worker(`require('worker_threads').parentPort.once('message', () => {})`, {
      eval: true,
    })
    watch(thread)
    await once(thread, 'online')
    if (!isWith) {
      const ended = Promise.all([once(child, 'exit'), once(thread, 'exit')])
      child.kill()
      thread.postMessage('shutdown')
      return ended
    }
    const shutdown = newShutdown()
    const tasks = workers.taskTracker()
    shutdown.add([tasks, workers.childProcess(child), workers.workerThread(thread)])
    shutdown.listen()
    const work = tasks.run(() => new Promise((resolve) => setTimeout(resolve, 5)))
    await cleanRun(shutdown)
    await work
  },

  async 'a group of supervise()'() {
    if (!isWith) {
      const child = spawn('sleep', ['100'], { stdio: 'pipe' })
      const ended = once(child, 'exit')
      child.kill()
      return ended
    }
    const shutdown = newShutdown()
    const programs = [{ name: 'sleep', command: 'sleep', args: ['100'], startFor: 0 }]
    const group = watch(workers.supervise(programs, { log: false }))
    shutdown.add(group)
    shutdown.listen()
    group.start()
    await cleanRun(shutdown)
  },

  async 'a cluster, one worker'() {
    const way = isWith ? 'lastcall' : 'disconnect'
    cluster.setupPrimary({ exec: CLUSTER, args: [JSON.stringify({ way })], silent: true })
    const shutdown = isWith ? newShutdown() : undefined
    const primary = isWith ? watch(workers.clusterWorkers(cluster)) : undefined
    if (primary) shutdown?.add(primary)
    shutdown?.listen()
    const worker = watch(cluster.fork())
    await once(worker, 'listening')
    if (shutdown) return cleanRun(shutdown)
    const ended = once(worker, 'exit')
    worker.disconnect()
    await ended
  },

  async 'the same server again'() {
    same.server ??= createServer(answer)
    const { server } = same
    const shutdown = isWith ? newShutdown() : undefined
    shutdown?.add(hooks(server))
    const port = await listening(server)
    shutdown?.listen()
    const agent = await ask(port)
    if (shutdown) await cleanRun(shutdown)
    else await close(server)
    agent.destroy()
  },

  async 'the same WebSocketServer again'() {
    const { WebSocket, WebSocketServer } = await import('ws')
    same.server ??= createServer(answer)
    same.sockets ??= new WebSocketServer({ server: same.server })
    const { server, sockets } = same
    const shutdown = isWith ? newShutdown() : undefined
    shutdown?.add([hooks(server), http.webSocketServer(sockets)])
    const port = await listening(server)
    const client = new WebSocket(`ws://127.0.0.1:${port}`)
    await once(client, 'open')
    const left = once(client, 'close')
    if (shutdown) await cleanRun(shutdown)
    else {
      for (const socket of sockets.clients) socket.close(1001)
      await close(server)
    }
    await left
  },

  /** As with supertest: the application lives on, and each test has its own server. */
  async 'a server for each test, one Express application'() {
    const { default: express } = await import('express')
    if (!same.app) {
      same.app = express()
      same.shutdown = createShutdown({ exit: false, log })
      if (isWith) same.app.use(http.expressShutdown(same.shutdown))
      same.app.get('/', (_request, response) => response.send('ok'))
    }
    const server = watch(createServer(same.app))
    const agent = await ask(await listening(server))
    await close(server, agent)
  },

  async 'a shutdown without a server, a hook that is cut off'() {
    if (!isWith) return new Promise((resolve) => setTimeout(resolve, 10))
    const shutdown = newShutdown({ grace: 20, margin: 10, log: false })
    shutdown.add({ name: 'hung', phase: 'drain', run: () => new Promise(() => {}) })
    shutdown.add({ name: 'bad', phase: 'close', run: () => Promise.reject(new Error('boom')) })
    shutdown.listen()
    await shutdown.now()
  },

  'listen() undone without a shutdown'() {
    if (!isWith) return
    for (const exit of [true, false]) {
      const shutdown = newShutdown({ exit })
      shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
      shutdown.listen()()
    }
  },

  'made, and dropped'() {
    const server = watch(createServer(answer))
    if (!isWith) return
    for (const exit of [true, false]) {
      const shutdown = newShutdown({ exit })
      shutdown.on('event', () => {})
      shutdown.add(hooks(server, { name: `http ${exit}` }))
      shutdown.plan()
    }
  },

  '1,000 hooks added and removed'() {
    if (!isWith) return
    same.shutdown ??= createShutdown({ exit: false, log })
    for (let n = 0; n < 1000; n++) {
      const run = watchSome(n, () => {})
      const remove = same.shutdown.add({ name: `hook ${n}`, phase: 'drain', reserve: 1, run })
      const takeOff = same.shutdown.on('event', () => {})
      remove()
      takeOff()
    }
  },

  '1,000 tasks'() {
    same.tasks ??= workers.taskTracker()
    const work = async ({ signal }) => signal.aborted
    return Promise.all(
      Array.from({ length: 1000 }, () => {
        return isWith
          ? same.tasks.run(work, { timeout: '1m' })
          : work({ signal: { aborted: false } })
      }),
    )
  },

  async 'createTestShutdown()'() {
    if (!isWith) return
    const test = watch(testing.createTestShutdown({ grace: '30s' }))
    test.shutdown.add({ name: 'http', phase: 'drain', run: () => new Promise(() => {}) })
    test.shutdown.add({ name: 'pool', phase: 'close', run: () => test.sleep('1s') })
    test.shutdown.listen()
    await test.signal('SIGTERM')
    await test.advance('30s')
    if (test.exitCode !== 124) throw new Error(`exited with ${test.exitCode}`)
  },

  /** As in a test. */
  async 'a spy in the place of process.exit()'() {
    if (!isWith) return
    const { exit } = process
    const exited = new Promise((resolve) => {
      process.exit = resolve
    })
    const shutdown = newShutdown({ exit: true })
    shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
    shutdown.listen()
    shutdown.now()
    await exited
    process.exit = exit
  },

  /** As a development server, or a test runner, evaluates modules anew. */
  async 'the package loaded anew'() {
    if (!isWith) return
    const { createShutdown } = loadAnew('lastcall')
    const { httpServer } = loadAnew('lastcall/http')
    watch(createShutdown)
    const shutdown = createShutdown({ exit: false, log: { level: 'error' } })
    const server = createServer(answer)
    shutdown.add(httpServer(server, { linger: 5 }))
    shutdown.add({ name: 'bad', phase: 'close', run: () => Promise.reject(new Error('expected')) })
    shutdown.listen()
    await listening(server)
    await shutdown.now()
  },

  async '200 connections with a request each, of a server that stays'() {
    const port = await staying()
    for (let batch = 0; batch < 10; batch++) {
      await Promise.all(Array.from({ length: 20 }, () => askOnce(port)))
    }
  },

  async '10,000 requests, of a server that stays'() {
    const port = await staying()
    await Promise.all(Array.from({ length: 10 }, () => pipelined(port, 1000)))
  },

  async '20 sessions with 10 streams each, of a server that stays'() {
    same.server ??= createHttp2Server(answer)
    if (isWith && !same.shutdown) {
      same.shutdown = createShutdown({ exit: false, log })
      same.shutdown.add(hooks(same.server))
    }
    same.port ??= await listening(same.server)
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = await askHttp2(same.port, 10)
        client.close()
        await once(client, 'close')
      }),
    )
  },
}

/** What stays from cycle to cycle, where that is what is tried. */
const same = {}
const watchSome = (n, object) => (n % 100 === 0 ? watch(object) : object)
const CLUSTER = fileURLToPath(new URL('cluster-service.mjs', import.meta.url))

/** Evaluates a module of the package again, and all that it is made of; CommonJS alone lets go of the last time. */
function loadAnew(name) {
  const path = require.resolve(name)
  for (const [file, { parent }] of Object.entries(require.cache)) {
    if (!file.startsWith(dirname(path))) continue
    delete require.cache[file]
    if (parent) parent.children = []
  }
  return require(path)
}

async function staying() {
  if (same.port) return same.port
  const health = http.healthChecks()
  const handle = (asked, response) => health(asked, response) || answer(asked, response)
  same.server = createServer(isWith ? handle : answer)
  if (isWith) {
    same.shutdown = createShutdown({ exit: false, log })
    same.shutdown.add(hooks(same.server, { health }))
    same.shutdown.listen()
  }
  same.port = await listening(same.server)
  return same.port
}

const HEAD = 'GET / HTTP/1.1\r\nHost: localhost\r\n'

async function askOnce(port) {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${HEAD}Connection: close\r\n\r\n`)
  await once(socket.resume(), 'close')
}

async function pipelined(port, requests) {
  const socket = connect(port, '127.0.0.1')
  const length = 10
  let answered = 0
  socket.on('data', (data) => {
    answered += data.toString('latin1').split('HTTP/1.1 200').length - 1
    if (answered >= requests) socket.end()
    else if (answered % length === 0) socket.write(`${HEAD}\r\n`.repeat(length))
  })
  socket.write(`${HEAD}\r\n`.repeat(length))
  await once(socket, 'close')
}

async function askHttp2(port, streams = REQUESTS) {
  const client = connectHttp2(`http://127.0.0.1:${port}`)
  await Promise.all(
    Array.from({ length: streams }, async () => {
      const stream = client.request({ ':path': '/' })
      await once(stream.resume(), 'close')
    }),
  )
  return client
}

/** Has everything be over that is about to be, and collects. */
async function collect() {
  for (let n = 0; n < 3; n++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    globalThis.gc()
  }
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc()
}

function listenersOf(emitter) {
  return emitter.eventNames().map((event) => [String(event), emitter.listenerCount(event)])
}

/** What may be left, each kind with its number. */
function counts() {
  const emitters = { process, cluster, stderr: process.stderr, stdout: process.stdout, ...same }
  const listeners = Object.entries(emitters)
    .filter(([, one]) => typeof one?.eventNames === 'function')
    .flatMap(([name, one]) => listenersOf(one).map(([event, n]) => [`${name} on ${event}`, n]))
  const resources = process.getActiveResourcesInfo()
  const { members } = globalThis[Symbol.for('lastcall.shutdowns.v1')] ?? {}
  return {
    ...Object.fromEntries(listeners),
    ...Object.fromEntries(
      [...new Set(resources)].map((kind) => [kind, resources.filter((one) => one === kind).length]),
    ),
    'entries of globalThis': Reflect.ownKeys(globalThis).length,
    'shared shutdowns': members?.size ?? 0,
  }
}

function memory() {
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage()
  return { heap: heapUsed + external + arrayBuffers, rss }
}

const warnings = new Set()
process.on('warning', ({ name, message }) => warnings.add(`${name}: ${message}`))

const run = CYCLES[what]
for (let n = 0; n < WARM_UP; n++) await run()
await collect()
const before = counts()
const series = [{ cycle: 0, ...memory() }]
let [alive, watched] = [0, 0]
let earlier = []
/** Those of before the last time: what stays, a server for one, may hold the last of them. */
function look() {
  alive += earlier.filter((ref) => ref.deref() !== undefined).length
  watched += earlier.length
  earlier = made.splice(0)
}
made.length = 0
for (let cycle = 1; cycle <= cycles; cycle++) {
  await run()
  if (cycle % Math.ceil(cycles / samples) !== 0) continue
  await collect()
  look()
  globalThis.gc()
  series.push({ cycle, ...memory() })
}
const after = counts()
const left = Object.entries(after)
  .filter(([kind, number]) => number > (before[kind] ?? 0))
  .map(([kind, number]) => `${number - (before[kind] ?? 0)} × ${kind}`)
const measured = { series, left: [...left, ...warnings], alive, watched }
process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit(0))
