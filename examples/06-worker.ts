// A queue consumer: finishes the jobs that it has begun, and puts back those that it cannot finish.
import { EventEmitter, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createShutdown, formatReport } from 'lastcall'
import { taskTracker } from 'lastcall/workers'

const queue = openQueue()
const jobs = taskTracker({ name: 'jobs' })

// `docker stop` sends SIGKILL after 10 s. Without this option, lastcall uses the default of the platform.
const shutdown = createShutdown({ grace: '10s' })

shutdown.add(jobs)
shutdown.add('queue', () => queue.close())

shutdown.on('end', ({ report }) => {
  console.error(formatReport(report))
})
shutdown.listen()

// Four consumers. Each stops taking jobs when the shutdown begins.
await Promise.all(Array.from({ length: 4 }, consume))

async function consume(): Promise<void> {
  while (!shutdown.signal.aborted) {
    // The task begins before it takes the job. So every job that has left the queue is counted.
    await jobs.run(async (task) => {
      const job = await queue.take(shutdown.signal)
      if (!job) return
      task.name = `job ${job.id}`
      await handle(job, task.signal).catch(() => queue.putBack(job))
    })
  }
}

async function handle(job: Job, signal: AbortSignal): Promise<void> {
  await sleep(job.milliseconds, undefined, { signal })
  queue.done(job)
}

interface Job {
  readonly id: number
  readonly milliseconds: number
}

/** Stands for SQS, a list in Redis and similar queues. Gets 400 jobs a second, of up to 50 ms each. */
function openQueue() {
  const waiting: Job[] = []
  const added = new EventEmitter()
  const counts = { taken: 0, done: 0, putBack: 0 }
  let id = 0
  const adding = setInterval(() => {
    for (let n = 0; n < 4; n++) waiting.push({ id: ++id, milliseconds: Math.random() * 50 })
    added.emit('jobs')
  }, 10)
  return {
    /** Waits for a job. Resolves with undefined if the signal aborts first. */
    async take(signal: AbortSignal): Promise<Job | undefined> {
      while (waiting.length === 0 && !signal.aborted) {
        await once(added, 'jobs', { signal }).catch(() => {})
      }
      const job = waiting.shift()
      if (job && ++counts.taken === 1) console.log('working')
      return job
    },
    done(_job: Job): void {
      counts.done++
    },
    putBack(job: Job): void {
      counts.putBack++
      waiting.unshift(job)
    },
    close(): void {
      clearInterval(adding)
      console.log(`${counts.taken} taken, ${counts.done} done, ${counts.putBack} put back`)
    },
  }
}
