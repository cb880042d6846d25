import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { randomFrom } from '../support/hooks/random.ts'
import { Script, shutdownScript } from '../support/programs/script.ts'
import { hasRedis, RedisServer } from '../support/servers/redis.ts'

const ROUNDS = 50
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
// Where everything is to be tested, what is missing is no reason to test less.
const isSkipped = !hasRedis && !process.env.CI
const why = isSkipped ? ' (skipped: there is no redis-server)' : ''

let server: RedisServer
let redis: Redis
let queue: Queue

beforeAll(async () => {
  if (isSkipped) return
  server = await new RedisServer().started()
  redis = new Redis(server.url, { maxRetriesPerRequest: null })
})
beforeEach(async () => {
  await redis?.flushall()
  await queue?.close()
  if (redis) queue = new Queue('mails', { connection: redis })
})
afterAll(async () => {
  await queue?.close()
  await redis?.quit()
  await server?.stop()
})

const example = new URL('../../examples/07-bullmq.ts', import.meta.url)
const { outputText } = transpileModule(readFileSync(example, 'utf8'), {
  compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 },
})
/** The example, held back until its stdin has something for it: all that it imports is loaded by then. */
const HELD_BACK = `
  await new Promise((resolve) => process.stdin.once('data', resolve))
  process.stdin.destroy()
  ${outputText}`

function mailWorker(env: NodeJS.ProcessEnv = {}): Script {
  const script = new Script(HELD_BACK, {
    env: { ...process.env, REDIS_URL: server.url, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void script.child.kill('SIGKILL'))
  return script
}

/** Resolves when it takes jobs. */
function begin(worker: Script): Promise<Script> {
  worker.child.stdin?.end('begin')
  return worker.says('taking jobs')
}

const SETTLED = ['waiting', 'prioritized', 'delayed', 'completed'] as const

/** Which jobs are where, and how often each mail has been sent. */
async function look() {
  const [sent, active, failed, completed, settled] = await Promise.all([
    redis.hgetall('sent'),
    queue.getActiveCount(),
    queue.getFailedCount(),
    redis.zrange(queue.keys.completed ?? '', '0', '-1'),
    queue.getJobCounts(...SETTLED),
  ])
  const total = Object.values(settled).reduce((sum, count) => sum + count, 0)
  const twice = Object.keys(sent).filter((id) => sent[id] !== '1')
  return { sent: Object.keys(sent), twice, active, failed, completed, total }
}

describe.skipIf(isSkipped)(`a worker of BullMQ that is stopped${why}`, () => {
  test(`loses no job and does none twice, ${ROUNDS} times at a random moment (SEED=${seed})`, async () => {
    const random = randomFrom(seed)
    const upTo = (most: number) => Math.floor(random() * (most + 1))
    let added = 0
    const addJobs = async () => {
      const { total, completed } = await look()
      const jobs = Array.from({ length: Math.max(0, 120 - total + completed.length) }, () => {
        const kind = random()
        const opts = kind < 0.1 ? { delay: upTo(300) } : kind < 0.2 ? { priority: upTo(9) } : {}
        return { name: 'mail', data: { milliseconds: upTo(50) }, opts }
      })
      added += jobs.length
      await queue.addBulk(jobs)
    }

    let next = mailWorker()
    for (let round = 1; round <= ROUNDS; round++) {
      const worker = next
      await addJobs()
      await begin(worker)
      next = mailWorker()
      await sleep(100 + upTo(300))
      const { code, stderr } = await worker.send('SIGTERM').ended

      const where = `round ${round}, SEED=${seed}`
      expect({ code, error: /error/i.exec(stderr)?.input }, where).toEqual({ code: 0 })
      const { sent, completed, ...counts } = await look()
      expect(counts, where).toEqual({ twice: [], active: 0, failed: 0, total: added })
      // What was sent is recorded as such, so that it is not sent again.
      expect(completed.sort(), where).toEqual(sent.sort())
    }

    await begin(next)
    while ((await queue.getCompletedCount()) < added) await sleep(20)
    expect((await next.send('SIGTERM').ended).code).toBe(0)
    const { sent, completed, ...counts } = await look()
    expect(counts).toEqual({ twice: [], active: 0, failed: 0, total: added })
    expect([sent.length, completed.length]).toEqual([added, added])

    const jobs = await queue.getCompleted(0, -1)
    const putBack = jobs.filter(({ attemptsStarted }) => attemptsStarted > 1).length
    // None had to be found by its lock, which was renewed no more.
    expect(jobs.filter(({ stalledCounter }) => stalledCounter > 0)).toEqual([])
    console.info(
      `${ROUNDS} stops, ${added} jobs, ${putBack} put back, 0 lost, 0 twice; SEED=${seed}`,
    )
  }, 300_000)

  test('names a job that takes longer than the grace, and puts it back for the next worker', async () => {
    const worker = mailWorker({ pm_id: '0', kill_timeout: '1500' })
    const job = await queue.add('mail', { milliseconds: 600_000 })
    await begin(worker)
    // Redis calls it active when it is fetched, which is before it begins.
    await worker.says('sending mail 1')

    const { code, stderr } = await worker.send('SIGTERM').ended
    expect(code).toBe(124)
    const log = stderr.split('\n').filter((line) => line.startsWith('{"level":'))
    const problems = log.map((line) => JSON.parse(line)).filter(({ level }) => level !== 'info')
    // The hook of Redis was done: it waits until the job is put back.
    expect(problems.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(
        /^hook 'mails' \(stop\) was cut off after .*\n {2}cut off: mail 1, [\d.]+ m?s old\n {2}the event loop is kept going by .*$/,
      ),
      expect.stringMatching(/^shutdown cut off after .*: 2 hooks done, 1 cut off$/),
      "exiting with code 124 (hook 'mails' was cut off)",
    ])
    expect(await job.getState()).toBe('waiting')
    expect((await look()).sent).toEqual([])

    await job.updateData({ milliseconds: 0 })
    const next = mailWorker()
    await begin(next)
    while ((await job.getState()) !== 'completed') await sleep(10)
    expect((await next.send('SIGTERM').ended).code).toBe(0)
    expect(await redis.hgetall('sent')).toEqual({ 1: '1' })
    // How often it was fetched is BullMQ's affair: a fetch that waits may get it between two workers.
    expect(await queue.getJob('1')).toMatchObject({ stalledCounter: 0 })
  })

  test('names a job that heeds no signal; the next worker finds it when its lock has run out', async () => {
    const worker = new Script(
      shutdownScript(
        `
        import { Worker } from 'bullmq'
        import { taskTracker } from 'lastcall/workers'
        const mails = taskTracker({ name: 'mails' })
        const connection = { path: ${JSON.stringify(server.url)}, maxRetriesPerRequest: null }
        const run = (job) => mails.run(() => new Promise(() => {}), { name: 'mail ' + job.id })
        const worker = new Worker('mails', run, { connection, lockDuration: 500, stalledInterval: 50 })
        worker.on('error', say)
        shutdown.add(mails)
        shutdown.add({ name: 'worker', phase: 'close', run: () => worker.close() })`,
        `{ grace: '1s' }`,
      ),
    )
    onTestFinished(() => void worker.child.kill('SIGKILL'))
    const job = await queue.add('mail', {})
    while ((await job.getState()) !== 'active') await sleep(10)
    const { code, stderr } = await (await worker.says('ready')).send('SIGTERM').ended
    expect(code).toBe(124)
    expect(stderr).toMatch(/^ {2}cut off: mail 1, [\d.]+ m?s old$/m)
    expect(stderr).toMatch(/^lastcall: hook 'worker' \(close\) was cut off/m)
    expect(await job.getState()).toBe('active')

    const times: unknown[] = []
    const next = new Worker('mails', async ({ id }) => times.push(id), {
      connection: redis,
      stalledInterval: 50,
    })
    await once(next, 'completed')
    await next.close()
    expect(times).toEqual(['1'])
    expect(await queue.getJob('1')).toMatchObject({ stalledCounter: 1, attemptsStarted: 2 })
  })
})
