import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { stopLikeCtrlC } from '../../src/testing/index.ts'
import { BROWSER, Browser } from '../support/clients/browser.ts'
import { RawClient, requestOf } from '../support/clients/raw-client.ts'
import {
  type ReturningClient,
  returningSocketIo,
  returningWebSocket,
} from '../support/clients/returning.ts'
import { refusalOf, skipped } from '../support/programs/command-line.ts'
import { listen } from '../support/service.ts'
import { type Block, blocksOf, readDocument } from './markdown.ts'
import { programOf, startProgram } from './programs.ts'

const blocks = blocksOf(readDocument('docs/how-to/sending-clients-away.md'))
const CLIENTS = 20
const OUTCOME = `shutdown.on('end', ({ report }) => console.log('the outcome is ' + report.outcome))`

/** The program of the page that imports this, changed as a test needs it. */
function programWith(imported: string, changes: Record<string, string> = {}): Block {
  const block = blocks.find(({ code }) => code.includes(`from '${imported}'`))
  if (!block) throw new Error(`The page has no program with ${imported}`)
  let { code } = block
  for (const [from, to] of Object.entries(changes)) {
    if (!code.includes(from)) throw new Error(`The program with ${imported} has no '${from}'`)
    code = code.replace(from, to)
  }
  return { ...block, code }
}

/** A client that is sent away during the lame duck comes back. */
const LAME_DUCK = { 'httpServer(server)': "httpServer(server, { lameDuck: '100ms' })" }

/** Starts it and its clients, and ends it by SIGTERM. */
async function stopWithClients(
  block: Block,
  more: string,
  clientsOf: (port: number) => ReturningClient[],
) {
  const { script, port } = await startProgram(block, `${OUTCOME}\n${more}`)
  const clients = clientsOf(await port())
  await Promise.all(clients.map(({ connected }) => connected))
  script.send('SIGTERM')
  const tries = await Promise.all(clients.map(({ gone }) => gone))
  return { tries, ...(await script.ended) }
}

/** Lines of the log that are no information. */
const PROBLEMS = /"level":"(warn|error|fatal)"/

describe('clients that come back at once are sent away once, and the process ends with 0', () => {
  test.each([
    ['as the page has it', 'io.close()'],
    ['by io.engine.close()', 'io.engine.close()'],
    ['by io.disconnectSockets()', 'io.disconnectSockets(true)'],
  ])('from Socket.IO, %s', async (_, close) => {
    const program = programWith('socket.io', { ...LAME_DUCK, 'io.close()': close })
    const { tries, code, stdout, stderr } = await stopWithClients(
      program,
      `let sessions = 0
      io.engine.on('connection', () => sessions++)
      shutdown.on('end', () => console.log(sessions + ' sessions'))`,
      (port) =>
        Array.from({ length: CLIENTS }, (_, index) =>
          returningSocketIo(port, index % 2 ? 'polling' : 'websocket'),
        ),
    )

    const polling = ['connected', 'xhr poll error']
    const webSocket = ['connected', 'websocket error']
    expect(tries).toEqual(tries.map((_, index) => (index % 2 ? polling : webSocket)))
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`the outcome is clean\n${CLIENTS} sessions\n`),
    })
    expect(stderr).not.toMatch(PROBLEMS)
  })

  test('from tunnels of http-proxy', async () => {
    const upstream = createServer()
    const sockets = new WebSocketServer({ server: upstream })
    sockets.on('connection', (socket) => socket.on('error', () => {}))
    const target = await listen(upstream)
    onTestFinished(() => {
      for (const socket of sockets.clients) socket.terminate()
    })
    const program = programWith('http-proxy-3', { ...LAME_DUCK, '8080': String(target) })
    const { tries, code, stdout, stderr } = await stopWithClients(
      program,
      `let upgrades = 0
      server.on('upgrade', () => upgrades++)
      shutdown.on('end', () => console.log(upgrades + ' upgrades'))`,
      (port) => Array.from({ length: CLIENTS }, () => returningWebSocket(port)),
    )

    expect(tries).toEqual(tries.map(() => ['connected', 'ECONNREFUSED']))
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`the outcome is clean\n${CLIENTS} upgrades\n`),
    })
    expect(stderr).not.toMatch(PROBLEMS)
  })
})

test('a poll over a connection that a proxy keeps does not hold Socket.IO up', async () => {
  const program = programWith('socket.io', {
    'httpServer(server)': "httpServer(server, { linger: '5s' })",
  })
  const { script, port } = await startProgram(program)
  const path = '/socket.io/?EIO=4&transport=polling'
  const connect = async () => {
    const client = await RawClient.connect(await port())
    onTestFinished(() => void client.socket.destroy())
    return client
  }
  const handshake = async (client: RawClient): Promise<string> => {
    const { body } = await client.get(path)
    return JSON.parse(body.slice(1)).sid
  }
  const [polling, ...kept] = [await connect(), await connect(), await connect()]
  const [sid] = await Promise.all([polling, ...kept].map(handshake))
  polling.ask(`${path}&sid=${sid}`)
  // Its handler has begun when a later request is answered.
  await handshake(kept[0] as RawClient)
  script.send('SIGTERM')
  expect(await polling.answer()).toMatchObject({ status: 200, saysClose: true })

  // It comes back over the connections that are left.
  const again = await handshake(kept[0] as RawClient)
  const answer = await (kept[1] as RawClient).get(`${path}&sid=${again}`)
  expect(answer).toMatchObject({ status: 200, saysClose: true })
  const { code, stderr } = await script.ended
  expect(code).toBe(0)
  expect(stderr).not.toMatch(PROBLEMS)
})

test.each(['stop', 'drain'])(
  'stop() of hapi loses no request in flight in the phase %s',
  async (phase) => {
    const program = programWith('@hapi/hapi', { "phase: 'stop'": `phase: '${phase}'` })
    const { script, port } = await startProgram(
      program,
      `${OUTCOME}
    server.on('request', ({ url }) => url === '/upload' && console.log('upload begun'))
    hapi.route({ method: 'POST', path: '/upload', handler: () => 'done' })`,
    )
    const connect = async () => {
      const client = await RawClient.connect(await port())
      onTestFinished(() => void client.socket.destroy())
      return client
    }
    const upload = await connect()
    const kept = await Promise.all(Array.from({ length: CLIENTS }, connect))
    for (const client of kept) expect(await client.get('/')).toMatchObject({ body: 'hello\n' })
    upload.send(requestOf('/upload', { method: 'POST', headers: { 'Content-Length': '2' } }))
    await script.says('upload begun')
    script.send('SIGTERM')
    for (const client of kept) expect(await client.ended()).toBe('FIN')
    await expect(connect()).rejects.toThrow('ECONNREFUSED')
    upload.send('12')

    expect(await upload.answer()).toMatchObject({ status: 200, body: 'done', saysClose: true })
    const { code, stdout, stderr } = await script.ended
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('the outcome is clean\n'),
    })
    expect(stderr).not.toMatch(PROBLEMS)
  },
)

const refused = refusalOf('script', '-qec', 'true', '/dev/null')
const lacks = BROWSER ? '' : ' (needs chromium)'

test.skipIf(refused || (!BROWSER && !process.env.CI))(
  `a dev server of Vite with an open tab ends at Ctrl-C${skipped(refused)}${lacks}`,
  async () => {
    const { code, directory } = programOf(
      programWith('vite'),
      `${OUTCOME}
      vite.ws.on('connection', () => console.log('the tab is connected'))`,
      { 'index.html': '<!doctype html><title>A tab</title>' },
    )
    const browser = await Browser.start()
    onTestFinished(() => browser.close())
    const stopped = await stopLikeCtrlC([process.execPath, '--input-type=module', '-e', code], {
      cwd: directory,
      ready: /listens on/,
      async onReady(program) {
        const port = /listens on (\d+)/.exec(program.stdout)?.[1]
        await browser.open(`http://127.0.0.1:${port}/`)
        await program.says('the tab is connected')
      },
    })

    expect(stopped).toMatchObject({
      code: 0,
      killed: false,
      leftBehind: false,
      stdout: expect.stringMatching(/the tab is connected\n(.*\n)*the outcome is clean\n$/),
    })
    expect(stopped.stderr).not.toMatch(PROBLEMS)
  },
)
