import type { Program } from '../support/programs/program.ts'
import { selfSigned } from '../support/servers/certificate.ts'

/** What a service with a server is started with. */
export const serving = () => ({
  shutdown: `{ grace: '20s' }`,
  env: { ...process.env, CERTIFICATE: JSON.stringify(selfSigned()) },
})

/** Where a service listens, once it has said so. */
export async function portOf(program: Program): Promise<number> {
  return Number((await program.told(/^port (\d+)$/m))[1])
}

/** What a handler of node:http does with the paths that clients ask for. */
export const HANDLE = `
  const { requestSignal } = await import('lastcall/http')
  function handle(request, response) {
    if (request.url === '/never') say('asked /never')
    else if (request.url === '/slow') {
      say('asked /slow')
      shutdown.on('phase:start', ({ phase }) => phase === 'drain' && setTimeout(() => response.end('slow'), 100))
    } else if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: hello\\n\\n')
      requestSignal(request).addEventListener('abort', () => response.end('data: bye\\n\\n'))
    } else setTimeout(() => response.end('ok'), 2)
  }
  shutdown.on('hook:note', ({ text }) => say('note ' + text))
`

/** A server of node:http with health checks, and the hooks that end it. */
export const SERVER = `
  ${HANDLE}
  const { createServer } = await import('node:http')
  const { healthChecks, httpServer } = await import('lastcall/http')
  const health = healthChecks()
  const server = createServer((request, response) => health(request, response) || handle(request, response))
  shutdown.add(httpServer(server, { health }))
  server.listen(0, '127.0.0.1', () => say('port ' + server.address().port))
`
