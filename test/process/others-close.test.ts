import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { RawClient, requestOf } from '../support/clients/raw-client.ts'
import { Script, type ScriptOptions } from '../support/programs/script.ts'

/**
 * A service with a probe and a hook in the last phase, which says in which order what happens. An upload
 * is answered when its body has come.
 *
 * @param before code of the application after the server was handed in, before `listen()` of the shutdown
 * @param after code after that
 */
function serviceOf({ before = '', after = '', options = '{}' }): string {
  return `
    import { createRequire } from 'node:module'
    import { createServer } from 'node:http'
    import { createShutdown } from 'lastcall'
    import { healthChecks, httpServer } from 'lastcall/http'
    const require = createRequire(process.cwd() + '/x.js')
    const say = (text) => process.stdout.write(text + '\\n')
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
    const health = healthChecks()
    const server = createServer((request, response) => {
      if (!health(request, response)) request.on('end', () => response.end('ok')).resume()
    })
    const shutdown = createShutdown({ grace: '10s', log: { format: 'text', level: 'warn' }, signals: { others: 'beside' }, ...${options} })
    shutdown.add(httpServer(server, { health }))
    shutdown.add({ name: 'pool', phase: 'close', run: async () => { await sleep(20); say('pool') } })
    ${before}
    shutdown.listen()
    ${after}
    server.listen(0, '127.0.0.1', () => say('port ' + server.address().port))
  `
}

/** The handler that most applications have. */
const HANDLER = `process.on('SIGTERM', () => {
  server.close((error) => { say('closed' + (error ? ' ' + error.code : '')); process.exit(0) })
  say('handler')
})`

async function start(parts: Parameters<typeof serviceOf>[0], options: ScriptOptions = {}) {
  const script = new Script(serviceOf(parts), options)
  onTestFinished(() => void script.send('SIGKILL'))
  const port = Number((await script.told(/port (\d+)\n/))[1])
  const connect = async (localAddress = '127.0.0.1') => {
    const client = await RawClient.connect(port, { localAddress })
    onTestFinished(() => void client.socket.destroy())
    return client
  }
  return { script, port, connect, after: `port ${port}\n` }
}

describe('server.close(() => process.exit(0)) in a listener of SIGTERM', () => {
  test.each([
    ['before listen()', { before: HANDLER }],
    ['after listen()', { after: HANDLER }],
  ])('loses nothing and no hook, added %s', async (_, parts) => {
    const { script, connect, after } = await start(parts)
    const [kept, uploads, prober] = await Promise.all([connect(), connect(), connect('127.0.0.2')])
    for (let n = 0; n < 2; n++) expect(await prober.get('/readyz')).toMatchObject({ status: 200 })
    expect(await kept.get('/')).toMatchObject({ status: 200, saysClose: false })
    uploads.send(requestOf('/upload', { method: 'POST', headers: { 'Content-Length': '2' } }))
    uploads.send('a')

    await script.send('SIGTERM').says('handler')
    // The lame duck: nobody is refused.
    expect(await prober.get('/readyz')).toMatchObject({ status: 503 })
    expect(await kept.get('/')).toMatchObject({ status: 200, saysClose: false })
    const fresh = await connect()
    expect(await fresh.get('/')).toMatchObject({ status: 200, saysClose: false })
    for (let n = 0; n < 2; n++) expect(await prober.get('/readyz')).toMatchObject({ status: 503 })

    // The drain: connections that are silent are closed, and the upload goes on.
    await Promise.all([kept.ended(), fresh.ended(), prober.ended()])
    await expect(connect()).rejects.toThrow('ECONNREFUSED')
    uploads.send('b')
    expect(await uploads.answer()).toMatchObject({ status: 200, body: 'ok', saysClose: true })
    const ended = await script.ended
    expect(ended).toEqual({
      code: 0,
      signal: null,
      stdout: `${after}handler\npool\nclosed\n`,
      stderr: '',
    })
  })

  test.each([
    ['a hook that failed', `run() { throw new Error('boom') }`, 1],
    ['a hook that was cut off', 'timeout: 20, run: () => new Promise(() => {})', 124],
  ])('does not hide %s', async (_, run, code) => {
    const { script, after } = await start({
      before: `${HANDLER}
        shutdown.on('exit', ({ exitCode }) => say('exit ' + exitCode))
        shutdown.add({ name: 'bad', phase: 'stop', ${run} })`,
    })
    const stdout = `${after}handler\npool\nclosed\nexit ${code}\n`
    expect(await script.send('SIGTERM').ended).toMatchObject({ code, stdout })
  })

  test('loses no hook where the signal is repeated, as launchers do', async () => {
    const { script, after } = await start({
      before: `${HANDLER}
        const run = () => new Promise((resolve) => {
          process.once('SIGTERM', resolve)
          process.kill(process.pid, 'SIGTERM')
        })
        shutdown.add({ name: 'twice', phase: 'stop', run })`,
    })
    const ended = await script.send('SIGTERM').ended
    const stdout = `${after}handler\nhandler\npool\nclosed\n`
    expect(ended).toEqual({ code: 0, signal: null, stdout, stderr: '' })
  })

  test('loses no hook where it listens to the message of PM2', async () => {
    const handler = HANDLER.replace('SIGTERM', 'message')
    const { script, after } = await start(
      { before: handler },
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    )
    script.child.send('shutdown')
    expect(await script.ended).toMatchObject({
      code: 0,
      stdout: `${after}handler\npool\nclosed\n`,
    })
  })

  test('loses no hook where it listens to uncaught exceptions, and the code stays that of a fault', async () => {
    const handler = HANDLER.replace('SIGTERM', 'uncaughtException')
    const { script, after } = await start({
      before: `${handler}; process.on('SIGUSR2', () => { throw new Error('boom') })`,
    })
    expect(await script.send('SIGUSR2').ended).toMatchObject({
      code: 1,
      stdout: `${after}handler\npool\nclosed\n`,
    })
  })

  test('waits for the promise that the callback returns', async () => {
    const { script, after } = await start({
      before: `process.on('SIGTERM', () => server.close(async () => {
        await sleep(50)
        say('disconnected')
        process.exit(0)
      }))`,
    })
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stdout: `${after}pool\ndisconnected\n` })
  })

  test('is held by the copy for import where the shutdown is that of the copy for require', async () => {
    const { script, after } = await start({
      before: `${HANDLER}
        const copy = require('lastcall')
        if (copy.createShutdown === createShutdown) throw new Error('one copy only')
        const other = copy.createShutdown({ log: false })
        other.add(require('lastcall/http').httpServer(server))
        other.add({ name: 'slow', phase: 'close', run: async () => { await sleep(100); say('slow') } })
        other.on('end', ({ report }) => {
          const [http] = report.phases.flatMap(({ hooks }) => hooks).filter(({ name }) => name === 'http')
          say('notes: ' + http.notes.filter((note) => note.includes('early')).length)
        })
        other.listen()`,
    })
    const ended = await script.send('SIGTERM').ended
    const stdout = `${after}handler\npool\nslow\nnotes: 0\nclosed\n`
    expect(ended).toEqual({ code: 0, signal: null, stdout, stderr: '' })
  })
})

describe('a callback that throws', () => {
  const THROWS = `process.on('SIGTERM', () => {
    server.close(() => { say('throws'); throw new Error('boom') })
    server.close(() => say('the next'))
  })`

  test('is a fault, and the shutdown ends all the same', async () => {
    const { script, after } = await start({ before: THROWS })
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 1, stdout: `${after}pool\nthrows\nthe next\n` })
    expect(ended.stderr).toMatch(/^lastcall: uncaughtException: Error: boom\n/)
  })

  test("or is Node's, where faults are left to Node", async () => {
    const { script, after } = await start({ before: THROWS, options: '{ faults: false }' })
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 1, stdout: `${after}pool\nthrows\nthe next\n` })
    expect(ended.stderr).toMatch(/^Error: boom\n/m)
  })
})

test('with exit: false the callback comes at the end of the shutdown, and the process lives on', async () => {
  const { script, after } = await start({
    before: `process.on('SIGTERM', () => server.close(() => {
        say('closed')
        server.close((error) => say(error.code))
      }))
      process.on('SIGUSR2', () => say('alive'))
      setInterval(() => {}, 1000)`,
    options: '{ exit: false }',
  })
  await script.send('SIGTERM').says('ERR_SERVER_NOT_RUNNING')
  await script.send('SIGUSR2').says('alive')
  expect(script.stdout).toBe(`${after}pool\nclosed\nERR_SERVER_NOT_RUNNING\nalive\n`)
})

describe('io.close() of Socket.IO in a hook of the drain', () => {
  test('sends its clients away when no client can connect, and is over at once', async () => {
    const { script, port, connect, after } = await start({
      before: `
        const { Server } = require('socket.io')
        const io = new Server(server)
        const seen = (socket) => socket.on('disconnect', (why) => say(why + ', listening: ' + server.listening))
        let connected = 0
        io.on('connection', (socket) => { seen(socket); if (++connected === 2) say('both connected') })
        const run = async () => { await io.close(); say('io closed') }
        shutdown.add({ name: 'socket.io', phase: 'drain', run })`,
    })
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`)
    onTestFinished(() => socket.terminate())
    await once(socket, 'open')
    socket.send('40')

    // A client that polls: a request in flight.
    const polling = await connect()
    const path = '/socket.io/?EIO=4&transport=polling'
    const { sid } = JSON.parse((await polling.get(path)).body.slice(1))
    const headers = { 'Content-Type': 'text/plain', 'Content-Length': '2' }
    polling.send(`${requestOf(`${path}&sid=${sid}`, { method: 'POST', headers })}40`)
    expect(await polling.answer()).toMatchObject({ status: 200, body: 'ok' })
    await polling.get(`${path}&sid=${sid}`)
    polling.ask(`${path}&sid=${sid}`)
    await script.says('both connected')

    script.send('SIGTERM')
    await once(socket, 'close')
    await expect(connect()).rejects.toThrow('ECONNREFUSED')
    expect(await polling.answer()).toMatchObject({ status: 200 })
    const gone = 'server shutting down, listening: false\n'
    const stdout = `${after}both connected\n${gone}${gone}io closed\npool\n`
    expect(await script.ended).toEqual({ code: 0, signal: null, stdout, stderr: '' })
  })
})
