import { describe, expect, onTestFinished, test } from 'vitest'
import { RawClient, requestOf } from '../support/clients/raw-client.ts'
import { Script } from '../support/programs/script.ts'

/**
 * A service with a server on a free port, a hook in the last phase, and a request that takes until its body
 * has come. `listeners` is code of others.
 */
async function start(listeners: string, options = `{ signals: { others: 'after' } }`) {
  const script = new Script(`
    import { createServer } from 'node:http'
    import { createShutdown } from 'lastcall'
    import { httpServer } from 'lastcall/http'
    const say = (text) => process.stdout.write(text + '\\n')
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
    let spans = 0
    const server = createServer((request, response) => {
      say('request')
      request.on('end', () => { spans++; response.end('ok') }).resume()
    })
    const shutdown = createShutdown({ grace: '10s', log: { format: 'text', level: 'warn' }, ...${options} })
    shutdown.add(httpServer(server))
    shutdown.add({ name: 'pool', phase: 'close', run: () => say('pool') })
    ${listeners}
    shutdown.listen()
    server.listen(0, '127.0.0.1', () => say('port ' + server.address().port))
  `)
  onTestFinished(() => void script.send('SIGKILL'))
  const [, port] = await script.told(/port (\d+)\n/)
  const client = await RawClient.connect(Number(port))
  onTestFinished(() => void client.socket.destroy())
  client.send(requestOf('/upload', { method: 'POST', headers: { 'Content-Length': '2' } }))
  await script.says('request')
  return { script, client, before: `port ${port}\nrequest\n` }
}

/** As in packages/next/src/server/lib/start-server.ts of Next 15 and 16; `after` stands for `nextServer.close()`. */
const NEXT = `
  let cleanupStarted = false
  const after = async () => { for (let task = 1; task <= 3; task++) { await sleep(100); say('after ' + task) } }
  const cleanup = () => {
    if (cleanupStarted) return
    cleanupStarted = true
    ;(async () => {
      await new Promise((res) => server.close((err) => { if (err) console.error(err); res() }))
      await Promise.all([after()])
      process.exit(0)
    })()
  }
  process.on('SIGINT', cleanup)
  process.on('SIGTERM', cleanup)`

/** As in packages/adapter-node/src/index.js of SvelteKit 2, with a listener as its docs show it. */
const SVELTEKIT = `
  let shutdown_timeout_id
  function graceful_shutdown(reason) {
    if (shutdown_timeout_id) return
    server.closeIdleConnections()
    server.close((error) => {
      if (error) return
      if (shutdown_timeout_id) clearTimeout(shutdown_timeout_id)
      process.emit('sveltekit:shutdown', reason)
    })
    shutdown_timeout_id = setTimeout(() => server.closeAllConnections(), 30 * 1000)
  }
  process.on('SIGTERM', graceful_shutdown)
  process.on('SIGINT', graceful_shutdown)
  process.on('sveltekit:shutdown', async (reason) => { await sleep(300); say('sveltekit:shutdown ' + reason) })`

/** As in metapackages/auto-instrumentations-node/src/register.ts of OpenTelemetry. */
const OPENTELEMETRY = `
  const sdk = { async shutdown() { const sent = spans; await sleep(100); say('sent ' + sent) } }
  async function shutdownOfTelemetry() {
    try {
      await sdk.shutdown()
    } catch (error) {
      console.error('Error terminating OpenTelemetry SDK', error)
    }
  }
  process.on('SIGTERM', shutdownOfTelemetry)
  process.once('beforeExit', shutdownOfTelemetry)`

describe("with others: 'after', the listener of", () => {
  test.each([
    ['Next: the tasks of after() are done', NEXT, 'pool\nafter 1\nafter 2\nafter 3\n'],
    ['SvelteKit: its event is emitted', SVELTEKIT, 'pool\nsveltekit:shutdown SIGTERM\n'],
    ['OpenTelemetry: the spans of requests in flight are sent', OPENTELEMETRY, 'pool\nsent 1\n'],
    [
      'an application that closes everything and exits',
      `process.on('SIGTERM', async () => {
        await new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())))
        await sleep(100)
        say('closed')
        process.exit(0)
      })`,
      'pool\nclosed\n',
    ],
  ])('%s', async (_, listeners, stdout) => {
    const { script, client, before } = await start(listeners)
    script.send('SIGTERM')
    client.send('a')
    // The drain has begun.
    while (
      await RawClient.connect(client.socket.remotePort as number).then(
        (one) => one.socket.destroy(),
        () => undefined,
      )
    ) {
      await new Promise(setImmediate)
    }
    client.send('b')
    expect(await client.answer()).toMatchObject({ status: 200, body: 'ok' })
    const ended = await script.ended
    expect(ended).toEqual({ code: 0, signal: null, stdout: before + stdout, stderr: '' })
  })
})

describe('NestJS with enableShutdownHooks() left on', () => {
  const nest = (options: string) =>
    new Script(`
    import 'reflect-metadata'
    import { Controller, Module, Post, Req } from '@nestjs/common'
    import { NestFactory } from '@nestjs/core'
    import { createShutdown } from 'lastcall'
    import { httpServer } from 'lastcall/http'
    const say = (text) => process.stdout.write(text + '\\n')
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
    class Uploads {
      pool = 'open'
      upload(request) {
        say('request')
        return new Promise((resolve, reject) => {
          request.on('end', () => (this.pool === 'open' ? resolve('ok') : reject(new Error('the pool is closed')))).resume()
        })
      }
      async onModuleDestroy() {
        this.pool = 'closed'
        say('destroy')
        await sleep(100)
        say('destroyed')
      }
    }
    Controller('uploads')(Uploads)
    Req()(Uploads.prototype, 'upload', 0)
    Post()(Uploads.prototype, 'upload', Object.getOwnPropertyDescriptor(Uploads.prototype, 'upload'))
    class Application {}
    Module({ controllers: [Uploads] })(Application)
    const app = await NestFactory.create(Application, { logger: false })
    app.enableShutdownHooks()
    const shutdown = createShutdown({ grace: '10s', log: { format: 'text', level: 'warn' }, ...${options} })
    shutdown.add(httpServer(app.getHttpServer()))
    shutdown.add({ name: 'slow', phase: 'close', run: async () => { await sleep(300); say('slow') } })
    shutdown.on('repeat', ({ signal }) => say('repeat ' + signal))
    shutdown.listen()
    await app.listen(0, '127.0.0.1')
    say('port ' + app.getHttpServer().address().port)
  `)
  const startNest = async (options: string) => {
    const script = nest(options)
    onTestFinished(() => void script.send('SIGKILL'))
    const [, port] = await script.told(/port (\d+)\n/)
    return { script, port: Number(port) }
  }

  test.each(['SIGTERM', 'SIGINT'] as const)(
    "others: 'after': a request in flight is answered, and the %s that it sends itself changes nothing",
    async (signal) => {
      const { script, port } = await startNest(`{ signals: { others: 'after' } }`)
      const client = await RawClient.connect(port)
      onTestFinished(() => void client.socket.destroy())
      client.send(requestOf('/uploads', { method: 'POST', headers: { 'Content-Length': '2' } }))
      await script.says('request')
      script.send(signal)
      client.send('ab')
      expect(await client.answer()).toMatchObject({ status: 201, body: 'ok' })
      const stdout = `port ${port}\nrequest\nslow\ndestroy\ndestroyed\nrepeat ${signal}\n`
      expect(await script.ended).toEqual({ code: 0, signal: null, stdout, stderr: '' })
    },
  )

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'unset: it is named, and the %s that it sends itself cuts off no hook',
    async (signal) => {
      const { script, port } = await startNest('{}')
      const ended = await script.send(signal).ended
      const stdout = `port ${port}\ndestroy\ndestroyed\nrepeat ${signal}\nslow\n`
      expect(ended).toMatchObject({ code: 0, stdout })
      expect(ended.stderr).toMatch(
        new RegExp(`^lastcall: ${signal} is also heard by NestJS: [^\\n]*\\n$`),
      )
    },
  )
})
