// What tasks, children and the command line cost: npm run bench:workers
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createShutdown } from 'lastcall'
import { taskTracker } from 'lastcall/workers'
import { median, printTable } from './table.ts'

const RUNS = Number(process.env.RUNS ?? 15)
const CLI = fileURLToPath(new URL('../dist/cli/cli.cjs', import.meta.url))

/** Microseconds a call: an async function by itself, and by run(). */
async function timeOfRun(calls: number): Promise<{ alone: number; counted: number }> {
  const tracker = taskTracker()
  let done = 0
  const work = async () => {
    done++
  }
  const timed = async (call: () => Promise<void>) => {
    const began = performance.now()
    for (let n = 0; n < calls; n++) await call()
    return ((performance.now() - began) * 1000) / calls
  }
  const alone = await timed(work)
  const counted = await timed(() => tracker.run(work))
  if (done !== 2 * calls) throw new Error('some calls were not made')
  return { alone, counted }
}

/** Milliseconds of the loop's time from the start of a shutdown to its report, with so many tasks that end at once. */
async function timeOfTasks(count: number, isTracked: boolean): Promise<number> {
  const shutdown = createShutdown({ grace: '10s', exit: false, log: { level: 'error' } })
  const tracker = taskTracker()
  let end = () => {}
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  const tasks = Array.from({ length: count }, () =>
    isTracked ? tracker.run(() => over) : over.then(),
  )
  if (isTracked) shutdown.add(tracker)
  else shutdown.add({ name: 'tasks', phase: 'stop', run: () => Promise.all(tasks) })
  const began = performance.now()
  const run = shutdown.now()
  end()
  await run
  const took = performance.now() - began
  if (tracker.size > 0) throw new Error('some tasks are left')
  return took
}

const CHILDREN = {
  sh: ['sh', '-c', 'trap "sleep 0.2; exit 0" TERM; echo ready; read line'],
  node: [
    process.execPath,
    '-e',
    'process.on("SIGTERM", () => setTimeout(() => process.exit(0), 200)); setInterval(() => {}, 1000); console.log("ready")',
  ],
}

/** Milliseconds from SIGTERM to the parent's exit, with so many children that need 200 ms each. */
async function timeOfChildren(count: number, child: readonly string[]): Promise<number> {
  const code = `
    import { spawn } from 'node:child_process'
    import { once } from 'node:events'
    import { createShutdown } from 'lastcall'
    import { childProcess } from 'lastcall/workers'
    const shutdown = createShutdown({ grace: '10s', log: { level: 'error' } })
    const [command, ...args] = ${JSON.stringify(child)}
    const children = Array.from({ length: ${count} }, () => spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] }))
    for (const child of children) shutdown.add(childProcess(child))
    await Promise.all(children.map((child) => once(child.stdout, 'data')))
    shutdown.listen()
    console.log('ready')
  `
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  })
  await once(parent.stdout, 'data')
  const began = performance.now()
  parent.kill('SIGTERM')
  const [exitCode] = await once(parent, 'exit')
  if (exitCode !== 0) throw new Error(`the parent ended with ${exitCode}`)
  return performance.now() - began
}

/** Milliseconds until a program has written its first word. */
async function timeToStart(command: readonly string[]): Promise<number> {
  const [first = '', ...args] = command
  const began = performance.now()
  const child: ChildProcess = spawn(first, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  const took = performance.now() - began
  await once(child, 'exit')
  return took
}

async function pairs<T>(first: () => Promise<T>, second: () => Promise<T>): Promise<[T[], T[]]> {
  const results: [T[], T[]] = [[], []]
  for (let run = 0; run < RUNS; run++) {
    results[0].push(await first())
    results[1].push(await second())
  }
  return results
}

const microseconds = (value: number) => `${value.toFixed(2)} µs`
const milliseconds = (value: number) => `${value.toFixed(2)} ms`

await timeOfRun(100_000)
const runs: { alone: number; counted: number }[] = []
for (let run = 0; run < RUNS; run++) runs.push(await timeOfRun(100_000))
const alone = median(runs.map((run) => run.alone))
const counted = median(runs.map((run) => run.counted))

for (let warm = 0; warm < 5; warm++) await timeOfTasks(1000, true)
const [tracked, bare] = await pairs(
  () => timeOfTasks(1000, true),
  () => timeOfTasks(1000, false),
)

const program = [process.execPath, '-e', 'process.stdout.write("ready")']
const [wrapped, direct] = await pairs(
  () => timeToStart([process.execPath, CLI, 'run', '--', ...program]),
  () => timeToStart(program),
)

const children: Record<keyof typeof CHILDREN, number[]> = { sh: [], node: [] }
for (let run = 0; run < Math.min(RUNS, 7); run++) {
  for (const kind of ['sh', 'node'] as const) {
    children[kind].push(await timeOfChildren(100, CHILDREN[kind]))
  }
}

printTable(
  `Workers, medians of ${RUNS} runs, alternating`,
  ['what', 'with', 'without', 'difference'],
  [
    [
      'taskTracker().run() of an async function',
      microseconds(counted),
      microseconds(alone),
      microseconds(counted - alone),
    ],
    [
      'a shutdown with 1,000 tasks in flight that end at once',
      milliseconds(median(tracked)),
      milliseconds(median(bare)),
      milliseconds(median(tracked) - median(bare)),
    ],
    [
      'lastcall run -- node …, until its first word',
      milliseconds(median(wrapped)),
      milliseconds(median(direct)),
      milliseconds(median(wrapped) - median(direct)),
    ],
    [
      'SIGTERM to exit, 100 children (sh) that need 200 ms each',
      milliseconds(median(children.sh)),
      '',
      '',
    ],
    [
      'SIGTERM to exit, 100 children (node) that need 200 ms each',
      milliseconds(median(children.node)),
      '',
      '',
    ],
  ],
)
