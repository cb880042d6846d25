// A test in the middle of it: starts a program, and never stops it. Then this process is killed: by another
// process, or by a thread of its own so many milliseconds after the call. The thread hits moments in which
// this thread is inside a system call.
import { writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

const [, , kit, name, program, moment] = process.argv
const stop = (await import(kit))[name]

const shared = new Int32Array(new SharedArrayBuffer(4))
if (moment !== '') {
  const thread = `
    const { workerData: { shared, moment } } = require('node:worker_threads')
    require('node:worker_threads').parentPort.postMessage('here')
    Atomics.wait(shared, 0, 0)
    const until = performance.now() + moment
    while (performance.now() < until) {}
    process.kill(process.pid, 'SIGKILL')
  `
  const worker = new Worker(thread, { eval: true, workerData: { shared, moment: Number(moment) } })
  await new Promise((resolve) => worker.once('message', resolve))
}

writeSync(1, 'call\n')
Atomics.store(shared, 0, 1)
Atomics.notify(shared, 0)
const onReady = () => {
  writeSync(1, 'ready\n')
  return new Promise(() => {})
}
await stop(JSON.parse(program), { ready: /ready/, onReady, readyWithin: '60s' })
