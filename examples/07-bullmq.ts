// BullMQ: jobs that have begun are finished, and what the worker has only fetched goes back to its queue.
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
  maxRetriesPerRequest: null, // BullMQ asks for it: a worker waits for Redis as long as it takes.
})
const mails = taskTracker({ name: 'mails' })

const worker = new Worker<Mail>(
  'mails',
  async (job, token) => {
    // Fetched when the shutdown had begun.
    if (mails.isClosed) return putBack(job, token)
    return mails.run(
      async ({ signal }) => {
        try {
          await send(job, signal)
        } catch (error) {
          // Cut off: without this BullMQ would count it as failed.
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

// Whatever the platform grants: 10 s with docker, 30 s on Kubernetes.
const shutdown = createShutdown()

shutdown.add({ name: 'mails:pause', phase: 'announce', run: () => worker.pause(true) })
shutdown.add(mails)
shutdown.add({
  name: 'redis',
  phase: 'close',
  run: async () => {
    // Waits until all that was done is recorded.
    await worker.close()
    await redis.quit()
  },
})

shutdown.on('end', ({ report }) => {
  console.error(formatReport(report))
})
shutdown.listen()

/** The next worker has it, and it doesn't count as an attempt. */
async function putBack(job: Job<Mail>, token: string | undefined): Promise<never> {
  await job.moveToWait(token)
  throw new WaitingError()
}

/** Stands in for a server of mails; it counts how often each has been sent. */
async function send({ id = '', data }: Job<Mail>, signal: AbortSignal): Promise<void> {
  console.log(`sending mail ${id}`)
  await sleep(data.milliseconds, undefined, { signal })
  await redis.hincrby('sent', id, 1)
}
