import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { manifest } from '../support/programs/entries.ts'
import { Script } from '../support/programs/script.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** An ESM program that has loaded the package as CommonJS too, from `folder`. It stops itself. */
function program(body: string, folder = '.'): Script {
  return new Script(`
    import { once } from 'node:events'
    import { createRequire } from 'node:module'
    import http from 'node:http'
    import http2 from 'node:http2'
    import { createShutdown } from 'lastcall'
    import * as esm from 'lastcall/http'
    const require = createRequire(${JSON.stringify(`${resolve(ROOT, folder)}/`)})
    const cjs = require('./dist/http/index.cjs')
    const say = (text) => process.stdout.write(text + '\\n')
    const shutdown = createShutdown({ grace: '5s', log: 'text' })
    const listen = async (server) => {
      await once(server.listen(0, '127.0.0.1'), 'listening')
      return server.address().port
    }
    /** Ends when its signal aborts. */
    const endless = (copy) => (request, response) => {
      const signal = copy.requestSignal(request)
      const leave = () => response.end('event: leaving\\n\\n')
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave)
      response.write(': hello\\n\\n')
    }
    const get = async (port, path) => {
      const request = http.get({ port, host: '127.0.0.1', path })
      const [response] = await once(request, 'response')
      response.setEncoding('utf8')
      let body = ''
      response.on('data', (text) => { body += text })
      response.on('error', ({ code }) => say(path + ' ' + code))
      response.on('end', () => say(path + ' ' + body.includes('leaving')))
      await once(response, 'data')
    }
    ${body}
    shutdown.listen()
    setInterval(() => {}, 1000)
    process.kill(process.pid, 'SIGTERM')
  `)
}

/** The built package as if it were of another version. */
function otherVersion(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-other-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  let replaced = 0
  for (const name of readdirSync(join(folder, 'dist')).filter((name) => name.endsWith('.cjs'))) {
    const path = join(folder, 'dist', name)
    const code = readFileSync(path, 'utf8')
    const other = code.replaceAll(`"${manifest.version}"`, '"0.0.0-other"')
    if (other === code) continue
    writeFileSync(path, other)
    replaced++
  }
  expect(replaced).toBe(1)
  return folder
}

describe('with an ESM main that hands in its server, a CommonJS route', () => {
  test('has its requests ended by requestSignal()', async () => {
    const { code, stdout } = await program(`
      const server = http.createServer((request, response) => {
        endless(request.url === '/cjs' ? cjs : esm)(request, response)
      })
      shutdown.add(esm.httpServer(server, { linger: 50 }))
      const port = await listen(server)
      await Promise.all([get(port, '/cjs'), get(port, '/esm')])
    `).ended

    expect(stdout.split('\n').toSorted()).toEqual(['', '/cjs true', '/esm true'])
    expect(code).toBe(0)
  })

  test('has its requests ended over HTTP/2', async () => {
    const { code, stdout } = await program(`
      const server = http2.createServer((request, response) => {
        endless(request.url === '/cjs' ? cjs : esm)(request, response)
      })
      shutdown.add(esm.httpServer(server, { linger: 50 }))
      const client = http2.connect('http://127.0.0.1:' + await listen(server))
      await Promise.all(['/cjs', '/esm'].map(async (path) => {
        const stream = client.request({ ':path': path })
        stream.setEncoding('utf8')
        let body = ''
        stream.on('data', (text) => { body += text })
        stream.on('end', () => say(path + ' ' + body.includes('leaving')))
        await once(stream, 'data')
      }))
    `).ended

    expect(stdout.split('\n').toSorted()).toEqual(['', '/cjs true', '/esm true'])
    expect(code).toBe(0)
  })

  test('gets the signal that the other copy gives', async () => {
    const { code, stdout } = await program(`
      const server = http.createServer((request, response) => {
        say(String(cjs.requestSignal(request) === esm.requestSignal(request)))
        response.end('leaving')
      })
      const port = await listen(server)
      // Also where neither copy knows the server.
      await get(port, '/unknown')
      shutdown.add(esm.httpServer(server, { linger: 50 }))
      await get(port, '/known')
    `).ended

    expect(stdout).toBe('true\n/unknown true\ntrue\n/known true\n')
    expect(code).toBe(0)
  })
})

test('the lame duck of one copy waits for those who probe the health checks of the other', async () => {
  const { code, stderr } = await program(`
    const health = cjs.healthChecks()
    const server = http.createServer(health)
    shutdown.add(esm.httpServer(server, { health, linger: 50 }))
    const port = await listen(server)
    const probe = () => http.get({ port, host: '127.0.0.1', path: '/readyz', agent: false })
    for (let count = 0; count < 2; count++) await once(probe(), 'response')
    setInterval(() => probe().on('error', () => {}), 20)
  `).ended

  expect(stderr).toContain('every prober got a 503')
  expect(code).toBe(0)
})

describe('what is handed in to both copies', () => {
  test('a server is drained once', async () => {
    const { code, stderr } = await program(`
      const server = http.createServer(endless(esm))
      shutdown.add(esm.httpServer(server, { linger: 50 }))
      shutdown.add(cjs.httpServer(server, { linger: 50, name: 'http:cjs' }))
      const port = await listen(server)
      await get(port, '/')
    `).ended

    expect(stderr.match(/\d connections?: .*/g)).toEqual([
      '1 connection: 0 closed after their last response, 1 idle',
    ])
    expect(code).toBe(0)
  })

  test('a server whose WebSockets the other copy closes is open until the lame duck is over', async () => {
    const { code, stdout } = await program(`
      const { WebSocket, WebSocketServer } = require('ws')
      const server = http.createServer()
      const sockets = new WebSocketServer({ server })
      shutdown.add(cjs.webSocketServer(sockets))
      shutdown.add(esm.httpServer(server, { linger: 50, lameDuck: '300ms' }))
      const client = new WebSocket('ws://127.0.0.1:' + await listen(server))
      await once(client, 'open')
      client.on('close', (code) => say(code + ', listening: ' + server.listening))
    `).ended

    expect(stdout).toBe('1001, listening: false\n')
    expect(code).toBe(0)
  })
})

test('the watchdog of one copy is no thread that an exit could wait for in the other', async () => {
  const { code, stdout } = await program(`
    const childProcess = require('node:child_process')
    childProcess.spawn = () => say('a shell that guards the exit')
    require('./dist/index.cjs').createShutdown({ grace: '5s', log: false }).listen()
  `).ended

  expect(stdout).toBe('')
  expect(code).toBe(0)
})

describe('with a copy of another version', () => {
  test('requestSignal() of either knows the requests', async () => {
    const { code, stdout } = await program(
      `
      const server = http.createServer((request, response) => {
        endless(request.url === '/other' ? cjs : esm)(request, response)
      })
      shutdown.add(esm.httpServer(server, { linger: 50 }))
      const port = await listen(server)
      await Promise.all([get(port, '/other'), get(port, '/own')])
    `,
      otherVersion(),
    ).ended

    expect(stdout.split('\n').toSorted()).toEqual(['', '/other true', '/own true'])
    expect(code).toBe(0)
  })

  test('a server that is handed in to both ends well', async () => {
    const { code, stdout, stderr } = await program(
      `
      const server = http.createServer((request, response) => {
        endless(request.url === '/other' ? cjs : esm)(request, response)
      })
      shutdown.add(esm.httpServer(server, { linger: 50 }))
      shutdown.add(cjs.httpServer(server, { linger: 50, name: 'http:other' }))
      const port = await listen(server)
      await Promise.all([get(port, '/other'), get(port, '/own')])
    `,
      otherVersion(),
    ).ended

    expect(stdout.split('\n').toSorted()).toEqual(['', '/other true', '/own true'])
    // Each drains it, and each counts its connections.
    expect(stderr.match(/\d connections?: .*/g)).toHaveLength(2)
    expect(code).toBe(0)
  })
})
