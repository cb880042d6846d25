import { expect, test } from 'vitest'
import { Script } from '../support/programs/script.ts'

/** What a process that goes on living can have left of what it did: told by a real one, which can collect. */
const HEAD = `
  import { once } from 'node:events'
  import { Agent, createServer, request } from 'node:http'
  import { createRequire } from 'node:module'
  import { setFlagsFromString } from 'node:v8'
  import { runInNewContext } from 'node:vm'
  import { createShutdown } from 'lastcall'
  import { healthChecks, httpServer } from 'lastcall/http'

  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  const refs = []
  const watch = (object) => { refs.push(new WeakRef(object)); return object }
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  const warnings = []
  process.on('warning', ({ message }) => warnings.push(message))

  const counts = () => ({
    listeners: [process, process.stderr].flatMap((one) =>
      one.eventNames().map((event) => [String(event), one.listenerCount(event)])),
    // The loader of modules closes its files when it comes to that.
    resources: process.getActiveResourcesInfo().filter((kind) => kind !== 'CloseReq').sort(),
    globals: Reflect.ownKeys(globalThis).length,
    shutdowns: globalThis[Symbol.for('lastcall.shutdowns.v1')]?.members.size,
  })

  /** What is about to end has its turn before it is counted: a socket that closes, a thread. */
  async function settled(isOver) {
    for (let n = 0; n < 3 || (n < 400 && !isOver()); n++) {
      await sleep(5)
      gc()
    }
  }
  const alive = () => refs.filter((ref) => ref.deref()).length

  async function listen(server) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server.address().port
  }

  /** What the first cycle leaves may be there once: a stream that is opened, a table that is made. */
  async function repeat(cycles, cycle, kept = 0) {
    const { resources } = counts()
    await cycle()
    await settled(() => counts().resources.length <= resources.length)
    const before = counts()
    for (let n = 1; n < cycles; n++) await cycle()
    await settled(() => alive() <= kept && JSON.stringify(counts()) === JSON.stringify(before))
    const after = counts()
    process.stdout.write(JSON.stringify({ watched: refs.length, alive: alive(), warnings, before, after }))
  }
`

async function told(code: string) {
  const { code: exitCode, stdout, stderr } = await new Script(`${HEAD}\n${code}`).ended
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}`)
  const { before, after, ...rest } = JSON.parse(stdout)
  return { ...rest, before, after, stderr }
}

test('of 100 servers that were started, asked and ended by a run nothing is left', async () => {
  const { before, after, ...rest } = await told(`
    await repeat(100, async () => {
      const health = healthChecks()
      const server = watch(createServer((asked, response) => health(asked, response) || response.end('ok')))
      const shutdown = watch(createShutdown({ exit: false, log: { level: 'warn' } }))
      shutdown.add(httpServer(server, { health, linger: 1, lameDuck: 0 }))
      shutdown.add({ name: 'pool', phase: 'close', run: ({ signal }) => void watch(signal) })
      const port = await listen(server)
      shutdown.listen()
      const agent = new Agent({ keepAlive: true })
      for (const path of ['/readyz', '/']) {
        const [response] = await once(request({ port, path, agent }).end(), 'response')
        await once(response.resume(), 'end')
      }
      const { outcome } = await shutdown.now()
      if (outcome !== 'clean') throw new Error(outcome)
      agent.destroy()
    })`)
  expect(rest).toEqual({ watched: 300, alive: 0, warnings: [], stderr: '' })
  expect(after).toEqual(before)
})

test('of a shutdown that is dropped, or whose listen() is taken back, nothing is left', async () => {
  const { before, after, ...rest } = await told(`
    await repeat(100, () => {
      for (const exit of [true, false]) {
        const server = watch(createServer())
        const shutdown = watch(createShutdown({ exit }))
        shutdown.add(httpServer(server))
        shutdown.on('event', () => {})
        shutdown.listen()()
        watch(createShutdown({ exit })).add({ name: 'pool', phase: 'close', run: () => {} })
      }
    })`)
  expect(rest).toEqual({ watched: 600, alive: 0, warnings: [], stderr: '' })
  expect(after).toEqual(before)
})

test('of 10,000 hooks that were added and taken back, and listeners, nothing is left', async () => {
  const { before, after, ...rest } = await told(`
    const shutdown = createShutdown({ exit: false })
    await repeat(10_000, () => {
      const run = () => {}
      const takeBack = shutdown.add({ name: 'pool', phase: 'close', reserve: '1s', run })
      const takeOff = shutdown.on('event', watch(() => run()))
      takeBack()
      takeOff()
    })
    if (shutdown.plan().phases.length > 0) throw new Error('hooks are left')`)
  expect(rest).toEqual({ watched: 10_000, alive: 0, warnings: [], stderr: '' })
  expect(after).toEqual(before)
})

test.each([
  ['returns', '() => {}'],
  ['throws', `() => { throw new Error('as test runners have it') }`],
])(
  'a process.exit() that %s leaves nothing, and nobody kills the process later',
  async (_, exit) => {
    const { before, after, ...rest } = await told(`
    const { exit } = process
    await repeat(6, async () => {
      const shutdown = watch(createShutdown({ grace: '300ms', margin: '100ms', log: false }))
      const other = watch(createShutdown({ grace: '300ms', margin: '100ms', log: false }))
      shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
      shutdown.listen()
      other.listen()
      const exited = new Promise((resolve) => {
        process.exit = (code) => { resolve(code); return (${exit})() }
      })
      shutdown.now()
      await exited
      await sleep(10)
      process.exit = exit
    })
    await sleep(400)`)
    expect(rest).toEqual({ watched: 12, alive: 0, warnings: [], stderr: '' })
    expect(after).toEqual(before)
  },
)

test('of a copy of the package that was loaded anew nothing is left', async () => {
  const { before, after, stderr, ...rest } = await told(`
    const require = createRequire(process.cwd() + '/x.js')
    await repeat(12, async () => {
      const path = require.resolve('lastcall')
      for (const [file, { parent }] of Object.entries(require.cache)) {
        delete require.cache[file]
        if (parent) parent.children = []
      }
      const { createShutdown } = require('lastcall')
      const shutdown = watch(createShutdown)({ exit: false, log: { level: 'info', format: 'text' } })
      shutdown.listen()
      await shutdown.now()
    }, 1)`)
  expect(stderr.match(/shutdown complete/g)).toHaveLength(12)
  // The first is held by its listener on stderr: that does for all of them.
  expect(rest).toEqual({ watched: 12, alive: 1, warnings: [] })
  expect(after).toEqual(before)
})

test('of probers that have given up nothing is left, though the check of readiness hangs', async () => {
  const { before, after, ...rest } = await told(`
    const hung = []
    const ready = () => new Promise((resolve) => void hung.push(resolve))
    const health = healthChecks({ ready })
    const server = createServer((asked, response) => {
      watch(response)
      health(asked, response)
    })
    const port = await listen(server)
    await repeat(50, async () => {
      const agent = new Agent()
      const probe = request({ port, path: '/readyz', agent })
      probe.on('error', () => {})
      probe.end()
      const [, response] = await once(server, 'request')
      probe.destroy()
      await once(response, 'close')
    }, 1)
    server.close()`)
  // The newest: a server knows the last socket that it was given.
  expect(rest).toMatchObject({ watched: 50, warnings: [], stderr: '' })
  expect(rest.alive).toBeLessThan(2)
  expect(after).toEqual(before)
})
