import { expect, test } from 'vitest'
import { Script } from '../support/programs/script.ts'

test('the signals that the package gives may have many listeners, without a warning of a leak', async () => {
  const { code, stdout, stderr } = await new Script(`
    import { once } from 'node:events'
    import http from 'node:http'
    import http2 from 'node:http2'
    import { createShutdown } from 'lastcall'
    import { httpServer, requestSignal } from 'lastcall/http'
    import { createTestShutdown } from 'lastcall/testing'
    import { taskTracker } from 'lastcall/workers'

    const seen = []
    const listenTo = (name, signal) => {
      for (let count = 0; count < 20; count++) signal.addEventListener('abort', () => {})
      seen.push(name)
    }
    const hook = { name: 'hook', phase: 'close', run: ({ signal }) => listenTo('hook', signal) }

    const test = createTestShutdown()
    test.shutdown.add({ ...hook, run: ({ signal }) => listenTo('hook of a test', signal) })
    listenTo('shutdown of a test', test.shutdown.signal)
    void test.shutdown.now()
    await test.advance('1s')

    const shutdown = createShutdown({ exit: false, log: false })
    const jobs = taskTracker()
    shutdown.add([hook, jobs])
    listenTo('shutdown', shutdown.signal)
    await jobs.run(({ signal }) => listenTo('task', signal))
    for (const [name, server] of [['HTTP/1', http.createServer()], ['HTTP/2', http2.createServer()]]) {
      shutdown.add(httpServer(server, { name, linger: 10 }))
      server.on('request', (request, response) => {
        listenTo(name, requestSignal(request))
        response.end('ok')
      })
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const url = 'http://127.0.0.1:' + server.address().port
      if (name === 'HTTP/1') await (await fetch(url)).text()
      else {
        const client = http2.connect(url)
        await once(client.request().resume(), 'end')
        client.close()
      }
    }
    await shutdown.now()
    console.log(seen.join())
  `).ended

  expect(stdout).toBe('shutdown of a test,hook of a test,shutdown,task,HTTP/1,HTTP/2,hook\n')
  expect(stderr).toBe('')
  expect(code).toBe(0)
})
