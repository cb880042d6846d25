import { describe, expect, test } from 'vitest'
import { bare, cluster, DEAF, server } from '../../support/programs/cluster.ts'

/** A worker that ends like this when it is notified. */
const onMessage = (action: string) => bare(`process.on('message', () => { ${action} })`)

describe('the primary of a cluster', () => {
  test('notifies each worker once, leaves after the last, and exits with 0', async () => {
    const primary = await cluster()
    const { code, stderr } = await primary.send('SIGTERM').ended

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(primary.all('notified').sort()).toEqual(['1 message', '2 message'])
    expect(primary.all('gone').sort()).toEqual(['1 0', '2 0'])
    expect(primary.hook).toMatchObject({ status: 'done', notes: [] })
    await primary.empty()
  })

  test('waits for a request that a worker is still at', async () => {
    const primary = await cluster()
    const client = await primary.connect()
    client.ask('/held')
    await primary.says('holds')
    await primary.send('SIGTERM').says('notified 1')
    primary.send('SIGUSR2')

    expect((await client.answer()).status).toBe(200)
    expect((await primary.ended).code).toBe(0)
  })

  test('exits with 1 where a worker ended badly, and names it', async () => {
    const primary = await cluster({ worker: onMessage('process.exit(7)'), workers: 1 })
    const { code } = await primary.send('SIGTERM').ended

    expect(code).toBe(1)
    expect(primary.hook).toMatchObject({
      status: 'failed',
      error: { message: `worker 1 (pid ${primary.pids[0]}) ended with exit code 7` },
    })
  })

  test('exits with 1 where several did, and counts them', async () => {
    const primary = await cluster({ worker: onMessage('process.exit(7)') })
    const { code } = await primary.send('SIGTERM').ended

    expect(code).toBe(1)
    expect(primary.hook.error?.message).toContain('2 workers did not end well')
  })

  test('exits with 0 where the code with which a worker ended is said to be fine', async () => {
    const primary = await cluster({
      worker: onMessage('process.exit(7)'),
      options: '{ exitCodes: [7] }',
    })
    expect((await primary.send('SIGTERM').ended).code).toBe(0)
  })

  test('exits with 1 where a worker dies by itself while it drains; the others drain on', async () => {
    const primary = await cluster({
      primary: `cluster.on('exit', () => process.kill(process.pid, 'SIGUSR2'))`,
    })
    const clients = await Promise.all([primary.connect(), primary.connect()])
    for (const client of clients) client.ask('/held')
    await Promise.all([primary.says('holds 1'), primary.says('holds 2')])
    await Promise.all([primary.send('SIGTERM').says('notified 1'), primary.says('notified 2')])
    process.kill(primary.pids[0] ?? 0, 'SIGKILL')
    const { code } = await primary.ended
    const answers = await Promise.allSettled(clients.map((client) => client.answer()))

    expect(code).toBe(1)
    expect(primary.hook.error?.message).toMatch(/^worker 1 \(pid \d+\) ended with SIGKILL$/)
    expect(primary.all('gone')).toEqual(['1 SIGKILL', '2 0'])
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(primary.pids).toHaveLength(2)
  })

  test('kills a worker that ignores everything at the limit, names it, and exits with 124', async () => {
    const primary = await cluster({ worker: DEAF, workers: 1, options: `{ stopWait: '600ms' }` })
    const { code, stderr } = await primary.send('SIGTERM').ended

    expect(code).toBe(124)
    expect(primary.hook.status).toBe('cut off')
    expect(primary.hook.notes).toHaveLength(1)
    expect(primary.hook.notes[0]).toMatch(
      new RegExp(`^killed: worker 1 \\(pid ${primary.pids[0]}\\), \\d+ ms after disconnect\\(\\)$`),
    )
    expect(stderr).toContain(`hook 'cluster' (stop) was cut off`)
    await primary.empty()
  })

  test('disconnects a worker that does not know the message, at half of the time', async () => {
    const primary = await cluster({
      worker: bare(),
      workers: 1,
      options: `{ stopWait: '1200ms' }`,
      primary: `
        let began
        shutdown.on('start', () => { began = performance.now() })
        cluster.on('disconnect', () => say('after', performance.now() - began))
      `,
    })
    const { code } = await primary.send('SIGTERM').ended

    expect(code).toBe(0)
    expect(primary.all('message')).toEqual(['1 shutdown'])
    expect(primary.all('gone')).toEqual(['1 0'])
    // A timer may fire up to a millisecond early.
    expect(Number(primary.all('after')[0])).toBeGreaterThan(598)
  })

  test('disconnects workers at once where there is no message', async () => {
    const primary = await cluster({
      worker: bare(),
      options: `{ stopMessage: false, stopWait: '60s' }`,
      shutdown: `{ grace: '80s' }`,
    })
    const { code } = await primary.send('SIGTERM').ended

    // Half of the time would be longer than a test may take.
    expect(code).toBe(0)
    expect(primary.all('message')).toEqual([])
    expect(primary.all('disconnected').sort()).toEqual(['1', '2'])
  })

  test('disconnects a worker that still drains at half of the time, and that changes nothing', async () => {
    const primary = await cluster({
      workers: 1,
      options: `{ stopWait: '3s' }`,
      worker: server(`process.on('disconnect', () => {
        say('disconnected', id)
        for (const response of held) response.end(String(id))
      })`),
    })
    const client = await primary.connect()
    client.ask('/held')
    await primary.says('holds')
    primary.send('SIGTERM')

    expect(await client.answer()).toMatchObject({ status: 200, saysClose: true })
    expect((await primary.ended).code).toBe(0)
    expect(primary.all('disconnected')).toEqual(['1'])
  })

  test('sends a message of the application’s own', async () => {
    const primary = await cluster({
      worker: bare(`process.on('message', (message) => message === 'leave' && process.exit(0))`),
      options: `{ stopMessage: 'leave' }`,
    })
    expect((await primary.send('SIGTERM').ended).code).toBe(0)
    expect(primary.all('message').sort()).toEqual(['1 leave', '2 leave'])
  })

  test('leaves no worker behind when it is killed', async () => {
    const primary = await cluster()
    // Its workers hold its output open: it is closed when they are gone too.
    expect((await primary.send('SIGKILL').ended).signal).toBe('SIGKILL')
    await primary.empty()
  })
})
