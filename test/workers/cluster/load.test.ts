import { describe, expect, test } from 'vitest'
import { type Cluster, cluster, server } from '../../support/programs/cluster.ts'

const CLIENTS = 15

// Nobody here is ever silent, however long this machine lets a client wait.
const worker = server('', `{ linger: '15s' }`)

/** Keeps a connection, and asks until an answer says `Connection: close`; rejects where an answer does not come. */
async function keepAsking(
  primary: Cluster,
  answered: () => void,
  isOver: () => boolean = () => false,
): Promise<void> {
  const client = await primary.connect()
  for (let isTold = false; !isTold && !isOver(); ) {
    isTold = (await client.get('/')).saysClose
    answered()
  }
  client.socket.destroy()
}

/** Asks once, on a connection of its own. */
async function askOnce(primary: Cluster, port?: number): Promise<string> {
  const client = await primary.connect(port)
  const { body } = await client.get('/')
  client.socket.destroy()
  return body
}

const many = <T>(start: () => Promise<T>) => Array.from({ length: CLIENTS }, start)

/** What they came to: the errors, none of which there should be. */
async function lost(all: readonly Promise<unknown>[]): Promise<unknown[]> {
  const endings = await Promise.allSettled(all)
  return endings.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
}

/** Resolves when this has been called so often. */
function times(count: number): { reached: Promise<void>; call: () => void } {
  let left = count
  let reach = () => {}
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  return { reached, call: () => --left === 0 && reach() }
}

describe.each(['SCHED_RR', 'SCHED_NONE'] as const)('with %s', (policy) => {
  // Who accepts is halted, so that those who come before the signal are in the kernel's queue by then.
  const accepting = (primary: Cluster) =>
    policy === 'SCHED_RR' ? [primary.child.pid ?? 0] : primary.pids

  test.each([
    ['one port', worker, 1],
    [
      'several ports',
      server(
        `const other = createServer((request, response) => response.end(String(id)))
         shutdown.add(httpServer(other, { name: 'other', linger: '15s' }))`,
        `{ linger: '15s' }`,
        `server.listen(0, '127.0.0.1')
         other.listen(0, '127.0.0.1')`,
      ),
      2,
    ],
  ])('the end of a cluster loses no request that came before it, on %s', async (_, code, ports) => {
    const primary = await cluster({ policy, worker: code })
    while (primary.ports.length < ports) await primary.says(`listens 2 ${primary.ports.at(-1)}`)
    const busy = times(3 * CLIENTS)
    const asking = many(() => keepAsking(primary, busy.call))
    await busy.reached
    for (const pid of accepting(primary)) process.kill(pid, 'SIGSTOP')
    const waiting = await Promise.all(
      primary.ports.flatMap((port) => many(() => primary.connect(port))),
    )
    for (const client of waiting) client.ask('/')
    primary.send('SIGTERM')
    for (const pid of accepting(primary)) process.kill(pid, 'SIGCONT')
    const answers = waiting.map(async (client) => {
      await client.answer()
      client.socket.destroy()
    })

    expect(await lost([...asking, ...answers])).toEqual([])
    expect(await primary.ended).toMatchObject({ code: 0, stderr: '' })
  })

  test.each([1, 2])('replacing %i under load loses and refuses no request', async (workers) => {
    const primary = await cluster({ policy, worker, workers })
    const busy = times(3 * CLIENTS)
    let isOver = false
    const going = async (ask: () => Promise<unknown>) => {
      while (!isOver) await ask()
    }
    const all = [
      ...many(() => going(() => keepAsking(primary, busy.call, () => isOver))),
      ...many(() => going(() => askOnce(primary))),
    ]
    await busy.reached
    await primary.send('SIGHUP').says('restarted')
    isOver = true

    expect(await lost(all)).toEqual([])
    expect(primary.all('gone')).toHaveLength(workers)
    expect(await primary.send('SIGTERM').ended).toMatchObject({ code: 0, stderr: '' })
  })

  test('no client gets into a queue that no worker takes from any more', async () => {
    const primary = await cluster({
      policy,
      workers: 1,
      worker: server(`
        const signal = once(process, 'SIGUSR2')
        shutdown.add({ name: 'waits', phase: 'deregister', run: () => signal })
        server.on('close', () => say('closed', id))
      `),
    })
    await primary.send('SIGTERM').says('notified 1')
    // The primary does not hear what the worker says now.
    primary.send('SIGSTOP')
    process.kill(primary.pids[0] ?? 0, 'SIGUSR2')
    await primary.says('closed 1')

    await expect(primary.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect((await primary.send('SIGCONT').ended).code).toBe(0)
  })
})
