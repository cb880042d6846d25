// A process to stop, with a watchdog or without: node bench/watchdog-service.mjs '{"watchdog":true,"takes":30}'
import { readFileSync } from 'node:fs'
import { createShutdown } from 'lastcall'

const { watchdog = true, takes = 0, grace = 10_000, blocked } = JSON.parse(process.argv[2] ?? '{}')

/** What takes time, but does not block. */
const HANGS = 'a hook that hangs'

const shutdown = createShutdown({ grace, watchdog, log: 'text' })
const blocks = {
  'a loop in a hook': () => add(spin),
  'a loop in a callback': () => {
    setTimeout(spin, 20)
    add(never)
  },
  'microtasks without end': () => {
    add(() => {
      again()
      return never()
    })
  },
  'a regular expression': () => add(match),
  'a listener of exit': () => process.on('exit', spin),
  [HANGS]: () => add(hang),
}

/** How long the main thread has run on a processor, in milliseconds. See proc(5), schedstat. */
function mainThreadTime() {
  return (
    Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  )
}

function spin() {
  for (let n = 0; ; ) n = Math.sqrt(n + 1) // here: a loop in a hook, a loop in a callback, a listener of exit
}

function again() {
  Promise.resolve().then(again) // here: microtasks without end
}

function match() {
  return /^(a+)+$/.test(`${'a'.repeat(50)}b`) // here: a regular expression
}

function never() {
  return new Promise(() => {})
}

function hang({ signal }) {
  signal.addEventListener('abort', () => console.log(mainThreadTime() - timeAtSignal))
  return never()
}

function add(run) {
  shutdown.add({ name: 'bad', phase: 'flush', run: (context) => run(context) })
}

// Before those of the library: from here on it is its time.
let heardAt = 0
let timeAtSignal = 0
process.on('SIGTERM', () => {
  if (blocked === HANGS) timeAtSignal = mainThreadTime()
  heardAt = performance.now()
})
shutdown.on('start', () => console.log(performance.now() - heardAt))
if (takes > 0) {
  const run = () => new Promise((resolve) => setTimeout(resolve, takes))
  shutdown.add({ name: 'work', phase: 'drain', run })
}
blocks[blocked]?.()
shutdown.listen()
setInterval(() => {}, 60_000)
console.log('ready')
