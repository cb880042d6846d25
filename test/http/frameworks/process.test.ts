import { describe, expect, onTestFinished, test } from 'vitest'
import type { RawClient } from '../../support/clients/raw-client.ts'
import { openWebSocket } from '../../support/clients/web-sockets.ts'
import { Script, shutdownScript } from '../../support/programs/script.ts'
import { connect, Gate } from '../../support/service.ts'

const CLIENTS = 20

const EXPRESS = `
  import express from 'express'
  import { expressShutdown } from 'lastcall/http'
  const app = express()
  app.use(expressShutdown(shutdown))
  app.get('/orders', async (_, response) => {
    await sleep(10)
    response.send('ok')
  })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
`

const FASTIFY = `
  import fastify from 'fastify'
  import { fastifyShutdown } from 'lastcall/http'
  const app = fastify()
  app.register(fastifyShutdown, { shutdown })
  app.get('/orders', async () => {
    await sleep(10)
    return 'ok'
  })
  app.addHook('onClose', async () => say('closed'))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { server } = app
`

const WEB_SOCKETS = `
  import { createServer } from 'node:http'
  import { WebSocketServer } from 'ws'
  import { httpServer, webSocketServer } from 'lastcall/http'
  const server = createServer((_, response) => void sleep(10).then(() => response.end('ok')))
  const sockets = new WebSocketServer({ server })
  shutdown.add(httpServer(server))
  shutdown.add(webSocketServer(sockets))
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
`

/** A process that serves, and where. */
async function start(body: string) {
  const script = new Script(
    shutdownScript(`
      ${body}
      shutdown.on('end', ({ report }) => {
        const hooks = report.phases.flatMap(({ hooks }) => hooks.map(({ name, status }) => name + ' ' + status))
        say(hooks.join(', '))
      })
      say('port ' + server.address().port + ';')
    `),
  )
  onTestFinished(() => void script.child.kill('SIGKILL'))
  await script.says('ready')
  const [, port] = /port (\d+);/.exec(script.stdout) ?? []
  return { script, port: Number(port) }
}

/** Sends request after request until an answer says close; rejects where one goes without. */
async function keepAsking(client: RawClient, answered: () => void): Promise<string[]> {
  const bodies: string[] = []
  for (;;) {
    const { body, saysClose } = await client.get('/orders')
    bodies.push(body)
    answered()
    if (saysClose) return bodies
  }
}

/** Stops a process while all clients send, and says what became of everybody. */
async function stopUnderLoad({ script, port }: Awaited<ReturnType<typeof start>>) {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(port)))
  const busy = new Gate()
  let answers = 0
  const all = Promise.all(
    clients.map((client) =>
      keepAsking(client, () => {
        if (++answers === 3 * CLIENTS) busy.open()
      }),
    ),
  )
  await busy.opened
  script.send('SIGTERM')
  const bodies = (await all).flat()
  const endings = await Promise.all(clients.map((client) => client.ended()))
  return { answers: new Set(bodies), endings: new Set(endings), ...(await script.ended) }
}

describe.each([
  ['Express', EXPRESS, 'http:announce done, http:unbind done, http done'],
  ['Fastify', FASTIFY, 'http:announce done, http:unbind done, http done, http:fastify done'],
])('a process of %s that is stopped under load', (framework, body, hooks) => {
  test('answers every request, closes every connection, and exits with 0', async () => {
    const ended = await stopUnderLoad(await start(body))

    expect(ended).toMatchObject({
      answers: new Set(['ok']),
      endings: new Set(['FIN']),
      code: 0,
      signal: null,
      stderr: '',
    })
    expect(ended.stdout).toContain(hooks)
    expect(ended.stdout.includes('closed')).toBe(framework === 'Fastify')
  })

  test('goes on until its prober has got 503 three times', async () => {
    const { script, port } = await start(body)
    const prober = await connect(port)
    for (let time = 0; time < 3; time++) {
      expect(await prober.get('/readyz')).toMatchObject({ status: 200 })
    }
    script.send('SIGTERM')
    const saidClose: boolean[] = []
    while (saidClose.length < 3) {
      const { status, saysClose } = await prober.get('/readyz')
      // A first probe may overtake the signal.
      if (status === 503) saidClose.push(saysClose)
    }

    expect(saidClose.slice(0, 2)).toEqual([false, false])
    expect(await script.ended).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('a process of WebSockets and HTTP that is stopped under load', () => {
  test('answers every request, closes every WebSocket with 1001, and exits with 0', async () => {
    const { script, port } = await start(WEB_SOCKETS)
    const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => openWebSocket(port)))
    const ended = await stopUnderLoad({ script, port })
    const codes = await Promise.all(sockets.map(async ({ closed }) => (await closed).code))

    expect(new Set(codes)).toEqual(new Set([1001]))
    expect(ended).toMatchObject({
      answers: new Set(['ok']),
      endings: new Set(['FIN']),
      code: 0,
      stderr: '',
    })
    expect(ended.stdout).toContain('http done, websockets done')
  })
})
