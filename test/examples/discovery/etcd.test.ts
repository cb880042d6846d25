import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Etcd3 } from 'etcd3'
import { createShutdown } from 'lastcall'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { etcdRegistration } from '../../../examples/support/etcd-registration.ts'
import { collectFaults } from '../../support/hooks/faults.ts'
import { runExample, urlOf } from '../../support/programs/example.ts'
import { Program } from '../../support/programs/program.ts'
import { EtcdServer, hasEtcd } from '../../support/servers/etcd.ts'
import { ask, Crowd } from './crowd.ts'
import { leave, problems } from './leave.ts'

// Where everything is to be tested, what is missing is no reason to test less.
const isSkipped = !hasEtcd && !process.env.CI
const why = isSkipped ? ' (skipped: there is no etcd)' : ''

const PREFIX = 'services/orders/'
const TTL = 2

/** An etcd, and a client of it that looks at it from outside; both are gone when the test is over. */
async function startEtcd() {
  const server = new EtcdServer()
  const client = new Etcd3({ hosts: server.url })
  onTestFinished(async () => {
    client.close()
    await server.remove()
  })
  await server.start()
  return { server, client }
}

/** The example, with an instance that etcd forgets after so many seconds. */
function startExample(server: EtcdServer, ttl = TTL): Program {
  return runExample('10-etcd.ts', { ETCD_HOSTS: server.url, ETCD_TTL: String(ttl) })
}

async function startRegistered(server: EtcdServer, ttl = TTL): Promise<Program> {
  return startExample(server, ttl).says('registered\n')
}

function keys(client: Etcd3): Promise<string[]> {
  return client.getAll().prefix(PREFIX).keys()
}

async function untilKeys(client: Etcd3, count: number): Promise<void> {
  while ((await keys(client)).length !== count) await sleep(20)
}

describe.skipIf(isSkipped)(`an instance that is registered in etcd${why}`, () => {
  test('is found there with its URL, and serves for a while after nobody finds it any more', async () => {
    const { server, client } = await startEtcd()
    const program = await startRegistered(server)
    const url = await urlOf(program)
    expect(Object.values(await client.getAll().prefix(PREFIX).strings())).toEqual([url])

    const watcher = await client.watch().prefix(PREFIX).create()
    const answered = once(watcher, 'delete').then(() => ask(`${url}/orders/1`))
    const { code, ended, stdout } = await leave(program)
    expect(await answered).toBe(200)
    expect(code).toBe(0)
    expect(ended.slice(0, 4)).toEqual([
      'http:announce done',
      'etcd done',
      'http:unbind done',
      'http done',
    ])
    expect(stdout).toContain('pool closed after 1 queries')
  })

  test('loses nothing of what clients send that look for instances in etcd', async () => {
    const { server, client } = await startEtcd()
    const [first, second] = await Promise.all([startRegistered(server), startRegistered(server)])
    const found = new Map(Object.entries(await client.getAll().prefix(PREFIX).strings()))
    const watcher = await client.watch().prefix(PREFIX).create()
    watcher.on('put', ({ key, value }) => found.set(String(key), String(value)))
    watcher.on('delete', ({ key }) => found.delete(String(key)))

    const crowd = new Crowd(() => [...found.values()])
    await crowd.answers(400)
    const stopped = await urlOf(first)
    const { code } = await leave(first)
    expect(code).toBe(0)
    expect([...found.values()]).toEqual([await urlOf(second)])
    await crowd.answers(400)
    const { failures, counts } = await crowd.stop()
    expect(failures).toEqual([])
    expect(counts.get(stopped)).toBeGreaterThan(100)
  })

  test('is registered again when its lease is lost, and leaves it then, too', async () => {
    const { server, client } = await startEtcd()
    const program = await startRegistered(server)
    // As long as nobody renews it: the event loop is blocked, or the machine is asleep.
    program.send('SIGSTOP')
    await untilKeys(client, 0)
    program.send('SIGCONT')
    await untilKeys(client, 1)
    const { code, stderr } = await leave(program)
    expect(code).toBe(0)
    expect(await keys(client)).toEqual([])
    expect(stderr).toMatch(
      /^etcd: services\/orders\/\S+ is not registered: .*\netcd: services\/orders\/\S+ is registered again$/m,
    )
  })

  test('stays registered when etcd is restarted, and leaves it then, too', async () => {
    const { server, client } = await startEtcd()
    const program = await startRegistered(server)
    await server.kill()
    await server.start()
    // Past the time that it gives a lease anew when it starts: somebody renews it.
    await sleep(2 * TTL * 1000)
    await untilKeys(client, 1)
    expect((await leave(program)).code).toBe(0)
    expect(await keys(client)).toEqual([])
  })

  test('is registered once etcd is there, if it was not at the start', async () => {
    const { server, client } = await startEtcd()
    await server.kill()
    const program = startExample(server)
    expect(await ask(`${await urlOf(program)}/orders/1`)).toBe(200)
    while (!program.stderr.includes('is not registered: '))
      await once(program.child.stderr as never, 'data')
    await server.start()
    await program.says('registered\n')
    expect(await keys(client)).toHaveLength(1)
    expect((await leave(program)).code).toBe(0)
    expect(await keys(client)).toEqual([])
  })
})

/** Whoever is in the way of it, the application leaves within this time: 2 s, and its lame duck. */
const IN_TIME = 4000

describe.skipIf(isSkipped)(`when etcd is of no help at the signal${why}`, () => {
  test('as it is not there: the process leaves with 1 and says why, and the lease runs out by itself', async () => {
    const { server, client } = await startEtcd()
    const program = await startRegistered(server)
    await server.kill()

    const ending = await leave(program)
    expect(ending.code).toBe(1)
    expect(ending.elapsed).toBeLessThan(IN_TIME)
    expect(ending.ended).toEqual(
      expect.arrayContaining(['etcd failed', 'http done', 'postgres done']),
    )
    expect(problems(ending)).toEqual([
      expect.stringMatching(
        /^hook 'etcd' \(deregister\) failed: .*UNAVAILABLE[\s\S]*may be found until its lease of 2 s runs out$/,
      ),
    ])
    await server.start()
    await untilKeys(client, 0)
  })

  test('as it does not answer: the process leaves with 1 and says why, and the lease runs out by itself', async () => {
    const { server, client } = await startEtcd()
    const program = await startRegistered(server)
    server.pause()

    const ending = await leave(program)
    expect(ending.code).toBe(1)
    expect(ending.elapsed).toBeLessThan(IN_TIME)
    expect(problems(ending)).toEqual([
      expect.stringMatching(
        /^hook 'etcd' \(deregister\) failed: .*DEADLINE_EXCEEDED[\s\S]*may be found until its lease of 2 s runs out$/,
      ),
    ])
    server.goOn()
    await untilKeys(client, 0)
  })

  test('as it answers with an error: the process leaves with 1 and says why, and the lease runs out by itself', async () => {
    const { server, client } = await startEtcd()
    const program = await startRegistered(server, 5)
    // From here on nobody may delete a key who doesn't say who he is.
    await client.role('root').create()
    const root = await client.user('root').create('secret')
    await root.addRole('root')
    await client.auth.authEnable()
    const admin = new Etcd3({ hosts: server.url, auth: { username: 'root', password: 'secret' } })
    onTestFinished(() => admin.close())

    const ending = await leave(program)
    expect(ending.code).toBe(1)
    expect(ending.elapsed).toBeLessThan(IN_TIME)
    expect(problems(ending)).toEqual([
      expect.stringMatching(
        /^hook 'etcd' \(deregister\) failed: .*user name is empty[\s\S]*may be found until its lease of 5 s runs out$/,
      ),
    ])
    expect(await keys(admin)).toHaveLength(1)
    await untilKeys(admin, 0)
  })

  test('before anything could be registered, nothing has failed, and nothing is registered later', async () => {
    const { server, client } = await startEtcd()
    await server.kill()
    const program = startExample(server)
    await urlOf(program)
    const ending = await leave(program)
    expect(ending).toMatchObject({ code: 0, stdout: expect.not.stringContaining('registered') })
    await server.start()
    expect(await keys(client)).toEqual([])
  })

  test('as it does not answer while it is asked for a lease, nothing is registered later', async () => {
    const { server, client } = await startEtcd()
    const { header } = await client.getAll().prefix(PREFIX).exec()
    server.pause()
    const program = startExample(server)
    await urlOf(program)
    const ending = await leave(program)
    expect(ending.code).toBe(0)
    expect(ending.elapsed).toBeLessThan(IN_TIME)
    server.goOn()
    await sleep(TTL * 1000)
    // Not for a moment, either: everything that was put since has a revision.
    expect((await client.getAll().prefix(PREFIX).exec()).header.revision).toBe(header.revision)
  })
})

describe.skipIf(isSkipped)(`etcdRegistration()${why}`, () => {
  test('leaves nothing behind, at whatever moment of the registration the shutdown comes', async () => {
    const { server, client } = await startEtcd()
    const faults = collectFaults()
    const closed = vi.spyOn(Etcd3.prototype, 'close')
    onTestFinished(() => closed.mockRestore())
    const registered: boolean[] = []
    for (let id = 0; id < 40; id++) {
      const shutdown = createShutdown({ exit: false, log: false })
      const registration = etcdRegistration({
        hosts: server.url,
        prefix: 'services/orders',
        id: `${id}`,
      })
      shutdown.add(registration)
      const registering = registration.register('http://127.0.0.1:3000')
      // A registration takes some 10 ms.
      await sleep(id / 2)
      expect(await shutdown.now()).toMatchObject({ outcome: 'clean' })
      registered.push(await registering)
      expect(await registration.register('http://127.0.0.1:3000')).toBe(false)
    }
    expect(new Set(registered)).toEqual(new Set([false, true]))
    expect(await keys(client)).toEqual([])
    expect(faults).toEqual([])
    expect(closed).toHaveBeenCalledTimes(40)
  })

  test.each([
    ['there', (_server: EtcdServer) => {}],
    ['gone', (server: EtcdServer) => server.kill()],
    ['silent', (server: EtcdServer) => server.pause()],
  ])('keeps no process alive once it is closed, with an etcd that is %s', async (_how, hinder) => {
    const { server } = await startEtcd()
    const program = new Program([
      ...[process.execPath, '--import', 'tsx', '--input-type=module', '-e'],
      `
      import { createShutdown } from 'lastcall'
      import { etcdRegistration } from './examples/support/etcd-registration.ts'
      const shutdown = createShutdown({ exit: false, log: false })
      const registration = etcdRegistration({
        hosts: '${server.url}',
        prefix: 'services/orders',
        id: 'a',
        ttl: 2,
        // A stream to which nobody answers is given up when a ping is not answered, either.
        grpcOptions: { 'grpc.keepalive_time_ms': 1000 },
      })
      shutdown.add(registration)
      await registration.register('http://127.0.0.1:3000')
      process.once('SIGTERM', () => shutdown.now().then(({ outcome }) => console.log(outcome)))
      console.log('registered')`,
    ])
    onTestFinished(() => void program.send('SIGKILL'))
    await program.says('registered')
    await hinder(server)
    const { code, stdout } = await program.send('SIGTERM').ended
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/(clean|failed)\n$/),
    })
  })
})

describe('a crowd of clients', () => {
  test('notices what is lost', async () => {
    const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const crowd = new Crowd(() => [`http://127.0.0.1:${port}`])
    await crowd.answers(100)
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
    await crowd.fails()
    expect((await crowd.stop()).failures).not.toEqual([])
  })
})
