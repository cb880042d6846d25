// BullMQ: finishes the jobs that have begun, and puts jobs that were only fetched back into the queue.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Job, WaitingError, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { createShutdown, formatReport } from 'lastcall'
import { taskTracker } from 'lastcall/workers'

interface Mail {
  readonly to: string
  readonly milliseconds: number
}

const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', {
  maxRetriesPerRequest: null, // BullMQ requires this: a worker waits for Redis without a limit.
})
const mails = taskTracker({ name: 'mails' })

const worker = new Worker<Mail>(
  'mails',
  async (job, token) => {
    // BullMQ fetched this job after the shutdown had begun.
    if (mails.isClosed) return putBack(job, token)
    return mails.run(
      async ({ signal }) => {
        try {
          await send(job, signal)
        } catch (error) {
          // The job was cut off. Without this, BullMQ counts it as failed.
          if (signal.aborted) await putBack(job, token)
          throw error
        }
      },
      { name: `mail ${job.id}` },
    )
  },
  { connection: redis, concurrency: 5 },
)
worker.on('error', (error) => console.error(error))
worker.on('ready', () => console.log('taking jobs'))

// Without a grace, lastcall uses the default of the platform: 10 s with docker, 30 s on Kubernetes.
const shutdown = createShutdown()

shutdown.add('mails:pause', () => worker.pause(true), { phase: 'announce' })
shutdown.add(mails)
shutdown.add('redis', async () => {
  await worker.close() // waits until the results of all jobs are recorded
  await redis.quit()
})

shutdown.on('end', ({ report }) => {
  console.error(formatReport(report))
})
shutdown.listen()

/** Another worker gets the job, and this run does not count as an attempt. */
async function putBack(job: Job<Mail>, token: string | undefined): Promise<never> {
  await job.moveToWait(token)
  throw new WaitingError()
}

/** Stands for a mail server. Counts how often each mail was sent. */
async function send({ id = '', data }: Job<Mail>, signal: AbortSignal): Promise<void> {
  console.log(`sending mail ${id}`)
  await sleep(data.milliseconds, undefined, { signal })
  await redis.hincrby('sent', id, 1)
}
