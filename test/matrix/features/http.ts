import assert from 'node:assert/strict'
import { RawClient } from '../../support/clients/raw-client.ts'
import { askUntilRefused, Crowd } from '../clients.ts'
import type { FeatureGroup } from '../feature.ts'
import { endsWith, type Lab } from '../lab.ts'
import { portOf, SERVER, serving } from '../servers.ts'

const CERTIFICATE = `
  const { key, cert } = JSON.parse(process.env.CERTIFICATE)
`

/** Clients that go on asking on connections that are kept alive, while SIGTERM comes. */
const losesNothing = (name: string, server: string, secure = false) => ({
  name,
  check: async (lab: Lab) => {
    const program = await lab.service(server, serving())
    const crowd = new Crowd(await portOf(program), { clients: 20, secure })
    await crowd.hasAnswers(200)
    program.send('SIGTERM')
    const lost = await crowd.lost()
    assert.deepEqual(lost, [], `${lost.length} requests lost of ${crowd.answered}: ${lost[0]}`)
    await endsWith(program, { code: 0, stderr: '' })
  },
})

export const http: FeatureGroup = {
  name: 'HTTP: node:http and node:https',
  features: [
    losesNothing('keep-alive clients under load: no request is lost', SERVER),
    losesNothing(
      'the same over TLS',
      `${CERTIFICATE}
       const { createServer } = await import('node:https')
       const { httpServer } = await import('lastcall/http')
       const server = createServer({ key, cert }, (request, response) => setTimeout(() => response.end('ok'), 2))
       shutdown.add(httpServer(server))
       server.listen(0, '127.0.0.1', () => say('port ' + server.address().port))`,
      true,
    ),
    {
      name: 'a request in flight is answered, with `Connection: close`',
      check: async (lab) => {
        const program = await lab.service(SERVER, serving())
        const client = await RawClient.connect(await portOf(program))
        client.ask('/slow')
        await program.says('asked /slow')
        program.send('SIGTERM')
        const answer = await client.answer()
        assert.deepEqual([answer.status, answer.saysClose], [200, true])
        await endsWith(program, { code: 0, stderr: '' })
      },
    },
    {
      name: 'an idle connection is closed, and does not delay the end',
      check: async (lab) => {
        const program = await lab.service(SERVER, serving())
        const client = await RawClient.connect(await portOf(program))
        await client.get('/')
        program.send('SIGTERM')
        assert.equal(await client.ended(), 'FIN')
        await endsWith(program, { code: 0, stdout: /note 1 connection: 0 closed .*, 1 idle/ })
      },
    },
    {
      name: 'a request that never ends is named and cut off: code 124',
      check: async (lab) => {
        const program = await lab.service(SERVER, { shutdown: `{ grace: '1s' }` })
        const client = await RawClient.connect(await portOf(program))
        client.ask('/never')
        await program.says('asked /never')
        program.send('SIGTERM')
        await endsWith(program, { code: 124, stderr: /cut off: GET \/never, / })
      },
    },
    {
      name: 'lame duck: a prober gets 503 while requests are served',
      check: async (lab) => {
        const program = await lab.service(SERVER, serving())
        const port = await portOf(program)
        // The prober comes anew each time, as kubelet does.
        const probes = askUntilRefused(port, '/readyz')
        await probes.has(3)
        program.send('SIGTERM')
        await probes.has(1, 503)
        assert.equal((await (await RawClient.connect(port)).get('/livez')).status, 200)
        assert.equal((await (await RawClient.connect(port)).get('/')).status, 200)
        await probes.refused
        const notified = probes.statuses.filter((status) => status === 503).length
        assert.ok(notified >= 3, `503 was given ${notified} times only`)
        await endsWith(program, {
          code: 0,
          stdout: /note lame duck of \d+ ms: every prober got a 503/,
        })
      },
    },
    {
      name: '`requestSignal()` ends server-sent events',
      check: async (lab) => {
        const program = await lab.service(SERVER, serving())
        const client = await RawClient.connect(await portOf(program))
        client.ask('/events')
        await client.has('data: hello')
        program.send('SIGTERM')
        await client.has('data: bye')
        await endsWith(program, { code: 0, stderr: '' })
      },
    },
    {
      name: 'a pipeline of requests is answered in full',
      check: async (lab) => {
        const program = await lab.service(SERVER, serving())
        const client = await RawClient.connect(await portOf(program))
        client.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2))
        await program.says('asked /slow\nasked /slow')
        program.send('SIGTERM')
        const answers = await client.answers(2)
        assert.deepEqual(
          answers.map(({ saysClose }) => saysClose),
          [false, true],
        )
        await endsWith(program, { code: 0, stderr: '' })
      },
    },
  ],
}
