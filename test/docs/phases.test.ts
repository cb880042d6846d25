import { Queue } from 'bullmq'
import { expect, onTestFinished, test } from 'vitest'
import { installed } from '../support/programs/installed.ts'
import { Script } from '../support/programs/script.ts'
import { hasRedis, RedisServer } from '../support/servers/redis.ts'
import { blocksOf, readDocument } from './markdown.ts'
import { programOf } from './programs.ts'

const block = blocksOf(readDocument('docs/how-to/phases.md')).find(({ code }) =>
  code.includes('new Worker('),
)

test.skipIf(!hasRedis && !process.env.CI)(
  'the consumer of the how-to takes no job once the drain has begun, and finishes the one that it has',
  async () => {
    if (!block) throw new Error('The how-to has no consumer')
    const redis = await new RedisServer().started()
    onTestFinished(() => redis.stop())
    const queue = new Queue('mails', { connection: { path: redis.url } })
    onTestFinished(() => queue.close())
    await queue.addBulk(Array.from({ length: 100 }, () => ({ name: 'mail', data: {} })))

    const { code } = programOf(
      block,
      `worker.on('active', () => console.log('takes a job'))
       shutdown.on('phase:start', ({ phase }) => console.log('begins ' + phase))
       shutdown.add('a long request', () => sleep(1500), { phase: 'drain' })`,
    )
    const script = new Script(code, {
      cwd: installed(['bullmq']),
      env: { ...process.env, REDIS_URL: `unix://${redis.url}` },
    })
    onTestFinished(() => void script.send('SIGKILL'))
    // In the middle of a job.
    await script.says('sent mail 1')
    await script.says('listens on ')
    const { code: exitCode, stdout } = await script.send('SIGTERM').ended

    expect(exitCode).toBe(0)
    const sent = stdout.match(/sent mail/g)?.length ?? 0
    expect(stdout.match(/takes a job/g)).toHaveLength(sent)
    // One may have been on its way from Redis.
    const [, drain = ''] = stdout.split('begins drain')
    expect(drain.match(/takes a job/g)?.length ?? 0).toBeLessThanOrEqual(1)
    expect(await queue.getCompletedCount()).toBe(sent)
    expect(await queue.getWaitingCount()).toBe(100 - sent)
    expect(await queue.getActiveCount()).toBe(0)
  },
)
