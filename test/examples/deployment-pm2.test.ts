import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { beforeAll, expect, test } from 'vitest'
import { changed, readExample } from './deployment/folder.ts'
import { Pm2 } from './deployment/pm2.ts'
import { Shop } from './deployment/shop.ts'

const CLIENTS = 20

beforeAll(() => Pm2.install(), 120_000)

test('the ecosystem file under PM2: a reload under load loses nothing, and all leave with 0 by SIGINT', async ({
  onTestFinished,
}) => {
  const port = await freePort()
  // As it is, but for the port.
  const shop = new Shop(
    changed(readExample(), 'ecosystem.config.cjs', "PORT: '3000'", `PORT: '${port}'`),
  )
  const home = mkdtempSync(join(tmpdir(), 'lastcall-pm2-'))
  const book = join(home, 'orders.log')
  const pm2 = new Pm2(home, shop.folder, { ORDERS_FILE: book })
  onTestFinished(async () => {
    await pm2.run('kill')
    rmSync(home, { recursive: true })
    shop.remove()
  })

  await pm2.run('start', 'ecosystem.config.cjs')
  const clients = Array.from({ length: CLIENTS }, () => new Client(port))
  await Promise.all(clients.map((client) => client.begun))
  await pm2.run('reload', 'shop')
  const reloaded = pm2.ends
  const before = clients.map((client) => client.taken.length)
  for (const client of clients) client.isOver = true
  await Promise.all(clients.map((client) => client.over))
  await pm2.run('stop', 'shop')

  expect(clients.flatMap((client) => client.failures)).toEqual([])
  expect(Math.min(...before)).toBeGreaterThan(0)
  expect(reloaded).toEqual(Array(2).fill('0 SIGINT'))
  expect(pm2.ends).toEqual(Array(4).fill('0 SIGINT'))
  const taken = clients.flatMap((client) => client.taken)
  expect(readFileSync(book, 'utf8').trim().split('\n').sort()).toEqual(taken.sort())
}, 60_000)

/** Orders one thing after another on one connection, until it is told that it is over. */
class Client {
  readonly taken: string[] = []
  readonly failures: string[] = []
  readonly begun: Promise<void>
  readonly over: Promise<void>
  isOver = false

  constructor(private readonly port: number) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    this.begun = this.#order(agent)
    this.over = this.#run(agent)
  }

  async #run(agent: Agent): Promise<void> {
    for (await this.begun; !this.isOver; ) await this.#order(agent)
    agent.destroy()
  }

  async #order(agent: Agent): Promise<void> {
    try {
      const asked = request({ port: this.port, method: 'POST', path: '/orders', agent }).end()
      const [response] = await once(asked, 'response')
      const answer = await text(response)
      if (response.statusCode === 201) this.taken.push(JSON.parse(answer).id)
      else this.failures.push(`status ${response.statusCode}`)
    } catch (error) {
      this.failures.push(String(error))
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
