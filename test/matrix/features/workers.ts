import assert from 'node:assert/strict'
import type { FeatureGroup } from '../feature.ts'
import { endsWith, type Lab, SAY } from '../lab.ts'

const UP = /^up$/m

const PARENT = `
  const { fork, spawn } = await import('node:child_process')
  const { once } = await import('node:events')
  const { Worker } = await import('node:worker_threads')
  const { childProcess, taskTracker, workerThread } = await import('lastcall/workers')
  shutdown.on('hook:end', ({ hook }) => say(hook.name + ' ' + hook.status))
`

/** A child with this library in it, in a file of its own. */
const child = (lab: Lab) =>
  lab.file(`
    import { createShutdown } from 'lastcall'
    ${SAY}
    const shutdown = createShutdown({ grace: '10s' })
    shutdown.add({ name: 'work', phase: 'drain', run: async ({ reason }) => { await sleep(50); say('child: ' + reason.kind) } })
    shutdown.listen()
    setInterval(() => {}, 1000)
    say('child is up')
  `)

/** A service that starts one of these, and gets SIGTERM once that is up. */
const stops = async (lab: Lab, body: string, up: string | RegExp, stdout: RegExp, code = 0) => {
  const program = await lab.service(PARENT + body, { shutdown: `{ grace: '5s' }` })
  await program.says(up)
  return endsWith(program.send('SIGTERM'), { code, stdout })
}

export const workers: FeatureGroup = {
  name: 'Workers',
  features: [
    {
      name: '`taskTracker()` waits for the tasks in flight, and refuses later ones',
      check: (lab) => {
        const body = `
          const jobs = taskTracker({ name: 'jobs' })
          shutdown.add(jobs)
          const job = jobs.run(() => sleep(200)).then(() => say('job done'))
          shutdown.add({ name: 'late', phase: 'flush', run: () => jobs.run(hung).catch(({ code }) => say(code)) })
          say('up')`
        return stops(lab, body, UP, /job done\njobs done\nLASTCALL_TASK_REFUSED\n/)
      },
    },
    {
      name: '`taskTracker()` names what it cuts off: code 124',
      check: async (lab) => {
        const body = `
          const jobs = taskTracker({ name: 'jobs', timeout: 100 })
          shutdown.add(jobs)
          jobs.run(({ signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)), { name: 'mail 7' })
          say('up')`
        const { stderr } = await stops(lab, body, UP, /jobs cut off/, 124)
        assert.match(stderr, /cut off: mail 7, /)
      },
    },
    {
      name: '`childProcess()` sends a signal, and waits',
      check: (lab) => {
        const body = `
          const child = spawn('sh', ['-c', 'trap "echo heard; exit 0" TERM; echo up; while :; do sleep 0.05; done'], { stdio: ['ignore', 'inherit', 'inherit'] })
          shutdown.add(childProcess(child, { name: 'child' }))`
        return stops(lab, body, UP, /heard\nchild done/)
      },
    },
    {
      name: '`childProcess()` with `fork()` sends a message in place of the signal',
      check: (lab) => {
        const body = `
          const child = fork(${JSON.stringify(child(lab))}, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
          shutdown.add(childProcess(child, { name: 'child', stopMessage: 'shutdown' }))`
        return stops(lab, body, 'child is up', /child: message\nchild done/)
      },
    },
    {
      name: '`childProcess()` kills a child that ignores the signal, with its group',
      check: (lab) => {
        const body = `
          const child = spawn('sh', ['-c', 'trap "" TERM; echo up; sleep 1000'], { stdio: ['ignore', 'inherit', 'inherit'], detached: true })
          const exited = once(child, 'exit').then(([, signal]) => say('ended by ' + signal))
          shutdown.add({ name: 'later', phase: 'flush', run: () => exited })
          shutdown.add(childProcess(child, { name: 'child', group: true, stopWait: 200 }))`
        return stops(lab, body, UP, /ended by SIGKILL/, 124)
      },
    },
    {
      name: '`workerThread()` sends a message, and waits',
      check: (lab) => {
        const thread = lab.file(`
          import { parentPort } from 'node:worker_threads'
          parentPort.once('message', (message) => { parentPort.postMessage('told ' + message); process.exit() })
          parentPort.postMessage('up')`)
        const body = `
          const worker = new Worker(${JSON.stringify(thread)})
          worker.on('message', say)
          shutdown.add(workerThread(worker, { name: 'thread' }))`
        return stops(lab, body, UP, /told shutdown\nthread done/)
      },
    },
    {
      name: '`workerThread()` terminates a thread that ignores the message: code 124',
      check: (lab) => {
        const thread = lab.file(`
          import { parentPort } from 'node:worker_threads'
          parentPort.postMessage('up')
          for (;;);`)
        const body = `
          const worker = new Worker(${JSON.stringify(thread)})
          worker.on('message', say)
          const exited = once(worker, 'exit').then(() => say('terminated'))
          shutdown.add(workerThread(worker, { name: 'thread', stopWait: 200 }))
          shutdown.add({ name: 'later', phase: 'flush', run: () => exited })`
        return stops(lab, body, UP, /(?=[\s\S]*terminated)[\s\S]*thread cut off/, 124)
      },
    },
    {
      name: 'a shutdown in a worker thread: `process.exit()` ends only the thread',
      check: (lab) => {
        const thread = lab.file(`
          import { parentPort } from 'node:worker_threads'
          import { createShutdown } from 'lastcall'
          const shutdown = createShutdown({ grace: '2s' })
          shutdown.add({ name: 'work', phase: 'drain', run: () => parentPort.postMessage('drained') })
          parentPort.once('message', () => shutdown.now())
          parentPort.postMessage('up')`)
        const body = `
          const worker = new Worker(${JSON.stringify(thread)})
          worker.on('message', say)
          shutdown.add(workerThread(worker, { name: 'thread' }))
          shutdown.add({ name: 'later', phase: 'flush', run: () => say('parent goes on') })`
        return stops(lab, body, UP, /drained\nthread done\nparent goes on/)
      },
    },
  ],
}
