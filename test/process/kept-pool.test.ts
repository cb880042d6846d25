import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { Script } from '../support/programs/script.ts'

const POOL = 200

const SERVICE = `
  import { createServer } from 'node:http'
  import { createShutdown } from 'lastcall'
  import { httpServer } from 'lastcall/http'

  const waiting = []
  let handled = 0
  const server = createServer((request, response) => {
    handled++
    if (request.url !== '/fill') return setTimeout(() => response.end('ok'), 5)
    // All at once, so that each has a connection of its own.
    if (waiting.push(response) === ${POOL}) for (const one of waiting) one.end('ok')
  })
  server.keepAliveTimeout = 60_000
  const shutdown = createShutdown({ grace: '6s', log: false })
  shutdown.add(httpServer(server))
  shutdown.on('end', ({ report }) => {
    const { notes } = report.phases.flatMap(({ hooks }) => hooks).find(({ name }) => name === 'http')
    process.stdout.write(JSON.stringify({ handled, notes }) + '\\n')
  })
  shutdown.listen()
  server.listen(0, '127.0.0.1', () => process.stdout.write('port ' + server.address().port + '\\n'))
`

/** Asks for a path; says what came of it: a status, or the code of an error. */
function ask(agent: Agent, port: number, path: string): Promise<number | string> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    request.on('error', ({ code }: NodeJS.ErrnoException) => {
      // As Node has it: this crossed the closing of a kept connection, and may be sent again.
      if (request.reusedSocket && code === 'ECONNRESET') resolve(ask(agent, port, path))
      else resolve(code ?? 'an error')
    })
  })
}

// Used at random, the pool is never silent for a linger. To use up all of it takes 8 s, and there are 6.
test.each(['lifo', 'fifo'] as const)(
  'a pool of kept connections, %s, does not hold the end of a service up, and loses nothing',
  async (scheduling) => {
    const service = new Script(SERVICE)
    onTestFinished(() => void service.send('SIGKILL'))
    const port = Number((await service.told(/port (\d+)\n/))[1])
    const agent = new Agent({ keepAlive: true, maxFreeSockets: POOL, scheduling })
    onTestFinished(() => agent.destroy())
    await Promise.all(Array.from({ length: POOL }, () => ask(agent, port, '/fill')))

    let isOver = false
    service.ended.finally(() => {
      isOver = true
    })
    const asked: Promise<number | string>[] = []
    const load = (async () => {
      while (!isOver) {
        asked.push(ask(agent, port, '/'))
        await sleep(20 + Math.random() * 40)
      }
    })()
    // So that the pool is in use.
    while (asked.length < 10) await sleep(20)
    service.send('SIGTERM')
    const { code, stdout, stderr } = await service.ended
    await load
    const came = await Promise.all(asked)

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(came.filter((one) => one !== 200 && one !== 'ECONNREFUSED')).toEqual([])
    const { handled, notes } = JSON.parse(stdout.split('\n')[1] ?? '')
    expect(handled).toBe(POOL + came.filter((one) => one === 200).length)
    expect(notes).toEqual([
      expect.stringMatching(/^200 connections: \d+ closed after their last response, \d+ idle/),
    ])
  },
)
