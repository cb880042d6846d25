import { stripVTControlCharacters } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Tool } from '../../support/clients/tool.ts'
import { Script, shutdownScript } from '../../support/programs/script.ts'
import { selfSigned } from '../../support/servers/certificate.ts'

const [h2load, nghttp] = [new Tool('h2load'), new Tool('nghttp')]

/** A process that serves HTTP/2: says where, says `busy` after so many requests, and how many it had. */
async function serve({ secure, busy, delay }: { secure: boolean; busy: number; delay: number }) {
  const certificate = JSON.stringify(selfSigned())
  const script = new Script(
    shutdownScript(`
      import { createSecureServer, createServer } from 'node:http2'
      import { httpServer } from 'lastcall/http'
      let served = 0
      const handler = async (request, response) => {
        if (++served === ${busy}) say('busy')
        await sleep(${delay})
        response.end('ok')
      }
      const server = ${secure} ? createSecureServer(${certificate}, handler) : createServer(handler)
      shutdown.add(httpServer(server))
      shutdown.on('end', () => say('served ' + served))
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
      say('at ' + server.address().port)
    `),
  )
  onTestFinished(() => void script.child.kill('SIGKILL'))
  await script.says('ready')
  const port = /at (\d+)/.exec(script.stdout)?.[1]
  return { script, url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}/` }
}

describe.each([
  ['clear text', false],
  ['TLS', true],
])('a process that serves HTTP/2 over %s', (_, secure) => {
  test.runIf(h2load.isInstalled)(
    `answers each request of h2load that it processes when SIGTERM comes, and exits with 0${h2load.needed}`,
    async () => {
      const { script, url } = await serve({ secure, busy: 3000, delay: 5 })
      // More requests than there is time for: those that it has not begun when it is refused, it counts as failed.
      const load = h2load.run('-n', '10000000', '-c', '20', '-m', '10', url)
      await script.says('busy')
      const ended = await script.send('SIGTERM').ended
      const output = await load

      const [, started, done, succeeded] = (
        /total, (\d+) started, (\d+) done, (\d+) succeeded/.exec(output) ?? []
      ).map(Number)
      expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
      expect(started).toBeGreaterThan(3000)
      expect(done).toBe(started)
      const served = Number(/served (\d+)/.exec(ended.stdout)?.[1])
      expect(succeeded).toBe(served)
      expect(output).toContain(`status codes: ${served} 2xx, 0 3xx, 0 4xx, 0 5xx`)
      // Over TLS, a request that crosses GOAWAY is not processed, and h2load does not send it again.
      if (!secure) expect(served).toBe(started)
    },
  )

  test.runIf(nghttp.isInstalled)(
    `sends nghttp two GOAWAYs, and answers it between them and its end${nghttp.needed}`,
    async () => {
      const { script, url } = await serve({ secure, busy: 1, delay: 300 })
      const request = nghttp.run('-v', '--no-dep', url)
      await script.says('busy')
      const ended = await script.send('SIGTERM').ended
      const output = stripVTControlCharacters(await request)

      expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
      const goaways = [
        ...output.matchAll(/recv GOAWAY frame.*\s+\(last_stream_id=(\d+), error_code=(\w+)/g),
      ]
      const [first, ...others] = goaways.map(([, id, code]) => `${id} ${code}`)
      expect(first).toBe('2147483647 NO_ERROR')
      expect(others.length).toBeGreaterThan(0)
      expect(new Set(others).size).toBe(1)
      expect(others[0]).toMatch(/^\d{1,2} NO_ERROR$/)
      expect(output).toMatch(/recv .*:status: 200/)
    },
  )
})
