import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runExample, urlOf } from '../../support/programs/example.ts'
import type { Program } from '../../support/programs/program.ts'
import { ConsulStandIn } from '../../support/servers/consul.ts'
import { ask, Crowd } from './crowd.ts'
import { leave, problems } from './leave.ts'

/** Whoever is in the way of it, the application leaves within this time: 2 s, and its lame duck. */
const IN_TIME = 4500

/** One after the other, on a connection each: they take 50 ms at least. */
async function askSome(url: string): Promise<number[]> {
  const answers: number[] = []
  while (answers.length < SOME.length) answers.push(await ask(`${url}/orders/1`))
  return answers
}
const SOME = [200, 200, 200, 200, 200]

async function startConsul(): Promise<ConsulStandIn> {
  const consul = new ConsulStandIn()
  onTestFinished(() => consul.stop())
  return consul.start()
}

function startExample(consul: ConsulStandIn, env: NodeJS.ProcessEnv = {}): Program {
  return runExample('11-consul.ts', { CONSUL_HTTP_ADDR: consul.address, ...env })
}

async function startRegistered(consul: ConsulStandIn): Promise<Program> {
  return startExample(consul).says('registered\n')
}

/** Those that others are sent to, by their URLs; with the index, when something has changed since. */
async function find(consul: ConsulStandIn, index?: string) {
  const query = index === undefined ? '' : `&index=${index}`
  const response = await fetch(`http://${consul.address}/v1/health/service/orders?passing${query}`)
  const found = (await response.json()) as { Service: { Address: string; Port: number } }[]
  return {
    urls: found.map(({ Service: { Address, Port } }) => `http://${Address}:${Port}`),
    index: response.headers.get('x-consul-index') ?? '',
  }
}

async function untilFound(consul: ConsulStandIn, count: number): Promise<string[]> {
  for (let index: string | undefined; ; ) {
    const found = await find(consul, index)
    if (found.urls.length === count) return found.urls
    index = found.index
  }
}

describe('an instance that is registered with a Consul agent', () => {
  test('is found when it is ready, and serves for a while after nobody finds it any more', async () => {
    const consul = await startConsul()
    const program = await startRegistered(consul)
    const url = await urlOf(program)
    const { port } = new URL(url)
    expect([...consul.definitions.values()]).toEqual([
      {
        ID: expect.stringMatching(/^orders-[0-9a-f-]{36}$/),
        Name: 'orders',
        Address: '127.0.0.1',
        Port: Number(port),
        Check: {
          HTTP: `${url}/readyz`,
          Interval: '10s',
          Timeout: '1s',
          DeregisterCriticalServiceAfter: '1m',
        },
      },
    ])
    expect(await untilFound(consul, 1)).toEqual([url])

    const answered = once(consul, 'deregister').then(() => askSome(url))
    const { code, ended, stdout } = await leave(program)
    expect(await answered).toEqual(SOME)
    expect(code).toBe(0)
    expect(ended.slice(0, 4)).toEqual([
      'http:announce done',
      'consul done',
      'http:unbind done',
      'http done',
    ])
    expect(stdout).toContain('pool closed after 5 queries')
    expect(consul.definitions.size).toBe(0)
  })

  test('loses nothing of what clients send that ask Consul for instances', async () => {
    const consul = await startConsul()
    const [first, second] = await Promise.all([startRegistered(consul), startRegistered(consul)])
    let found = await untilFound(consul, 2)
    let isOver = false
    const watching = (async () => {
      for (let index: string | undefined; !isOver; ) {
        const now = await find(consul, index)
        found = now.urls
        index = now.index
      }
    })()

    const crowd = new Crowd(() => found)
    await crowd.answers(400)
    const stopped = await urlOf(first)
    expect((await leave(first)).code).toBe(0)
    expect(found).toEqual([await urlOf(second)])
    await crowd.answers(400)
    const { failures, counts } = await crowd.stop()
    expect(failures).toEqual([])
    expect(counts.get(stopped)).toBeGreaterThan(100)
    isOver = true
    expect((await leave(second)).code).toBe(0)
    await watching
  })

  test('says who it is, where there is a token', async () => {
    const consul = await startConsul()
    consul.token = 'b6a1'
    const program = startExample(consul, { CONSUL_HTTP_TOKEN: 'b6a1' })
    await program.says('registered\n')
    expect((await leave(program)).code).toBe(0)
    expect(consul.definitions.size).toBe(0)
  })

  test('is registered once there is an agent, if there was none at the start', async () => {
    const consul = await startConsul()
    await consul.stop()
    const program = startExample(consul)
    const url = await urlOf(program)
    expect(await ask(`${url}/orders/1`)).toBe(200)
    await consul.start()
    await program.says('registered\n')
    expect(program.stderr.match(/^not registered: .*/gm)).toHaveLength(1)
    expect((await leave(program)).code).toBe(0)
    expect(consul.definitions.size).toBe(0)
  })

  test('is not registered after it has left, if the signal comes while the agent takes its time', async () => {
    const consul = await startConsul()
    const registering = once(consul, 'register')
    let goOn: (() => void) | undefined
    consul.held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const program = startExample(consul)
    await registering
    const left = leave(program)
    // The run has begun when readiness says so.
    const url = await urlOf(program)
    while ((await ask(`${url}/readyz`)) === 200);
    let asked = 0
    consul.on('deregister', () => asked++)
    expect(await askSome(url)).toEqual(SOME)
    expect(asked).toBe(0)
    goOn?.()
    expect((await left).code).toBe(0)
    expect(asked).toBe(1)
    expect(consul.definitions.size).toBe(0)
  })

  test('leaves with 0 where somebody else has deregistered it', async () => {
    const consul = await startConsul()
    const program = await startRegistered(consul)
    for (const id of consul.definitions.keys()) consul.remove(id)
    expect((await leave(program)).code).toBe(0)
  })
})

describe('when the Consul agent is of no help at the signal', () => {
  test('as it is not there: the process leaves with 1 and says why', async () => {
    const consul = await startConsul()
    const program = await startRegistered(consul)
    await consul.stop()
    const ending = await leave(program)
    expect(ending.code).toBe(1)
    expect(ending.elapsed).toBeLessThan(IN_TIME)
    expect(ending.ended).toEqual(
      expect.arrayContaining(['consul failed', 'http done', 'postgres done']),
    )
    expect(problems(ending)).toEqual([
      expect.stringMatching(/^hook 'consul' \(deregister\) failed: [\s\S]*ECONNREFUSED/),
    ])
  })

  test('as it does not answer: the process leaves with 124 and says so', async () => {
    const consul = await startConsul()
    const program = await startRegistered(consul)
    consul.mood = 'silent'
    const url = await urlOf(program)
    // The request is taken back with the hook, and not when the process goes away.
    const answered = once(consul, 'abandoned').then(() => askSome(url))
    const ending = await leave(program)
    expect(await answered).toEqual(SOME)
    expect(ending.code).toBe(124)
    expect(ending.elapsed).toBeLessThan(IN_TIME)
    expect(problems(ending)).toEqual([
      expect.stringMatching(/^hook 'consul' \(deregister\) was cut off after (1\.99|2(\.\d+)?) s/),
    ])
  })

  test('as it answers with an error: the process leaves with 1 and says why, and its check fails by itself', async () => {
    const consul = await startConsul()
    const program = await startRegistered(consul)
    await untilFound(consul, 1)
    consul.mood = 'failing'
    const ending = await leave(program)
    expect(ending.code).toBe(1)
    expect(ending.elapsed).toBeLessThan(IN_TIME)
    expect(problems(ending)).toEqual([
      expect.stringMatching(
        /^hook 'consul' \(deregister\) failed: Error: Consul answered 500: rpc error: No cluster leader/,
      ),
    ])
    await consul.check()
    expect((await find(consul)).urls).toEqual([])
    expect(consul.definitions.size).toBe(1)
  })
})

describe('the stand-in for a Consul agent', () => {
  const definition = {
    Name: 'orders',
    Address: '127.0.0.1',
    Port: 3000,
    Check: { HTTP: 'http://127.0.0.1:3000/readyz', Interval: '10s' },
  }

  test.each([
    ['GET', '/v1/agent/service/register', undefined, 405],
    ['POST', '/v1/agent/service/register', definition, 405],
    ['DELETE', '/v1/agent/service/deregister/orders', undefined, 405],
    ['PUT', '/v1/agent/service/deregister', undefined, 404],
    ['PUT', '/v1/agent/service/deregister/orders', undefined, 404],
    ['PUT', '/v1/agent/services/register', definition, 404],
    ['PUT', '/v1/agent/service/register', undefined, 400],
    ['PUT', '/v1/agent/service/register', { ...definition, Name: '' }, 400],
    ['PUT', '/v1/agent/service/register', { ...definition, Host: 'a' }, 400],
    ['PUT', '/v1/agent/service/register', { ...definition, Address: '0.0.0.0' }, 400],
    ['PUT', '/v1/agent/service/register', { ...definition, Port: '3000' }, 400],
    ['PUT', '/v1/agent/service/register', { ...definition, Check: { HTTP: 'http://a' } }, 400],
    [
      'PUT',
      '/v1/agent/service/register',
      { ...definition, Check: { ...definition.Check, Interval: '10 s' } },
      400,
    ],
  ])('refuses %s %s with %j: %d', async (method, path, body, status) => {
    const consul = await startConsul()
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
    expect((await fetch(`http://${consul.address}${path}`, init)).status).toBe(status)
    expect(consul.definitions.size).toBe(0)
  })

  test('refuses a wrong token with 403', async () => {
    const consul = await startConsul()
    consul.token = 'b6a1'
    const response = await fetch(`http://${consul.address}/v1/agent/service/register`, {
      method: 'PUT',
      body: JSON.stringify(definition),
      headers: { 'X-Consul-Token': 'c7b2' },
    })
    expect(response.status).toBe(403)
  })
})
