import { fork, spawn } from 'node:child_process'
import cluster from 'node:cluster'
import { Worker } from 'node:worker_threads'
import { createShutdown, type Hook } from 'lastcall'
import {
  childProcess,
  clusterWorkers,
  type ProcessState,
  type ProgramOptions,
  type Supervisor,
  supervise,
  type TaskTracker,
  taskTracker,
  workerThread,
} from 'lastcall/workers'

declare function takes<T>(value: T): void
const shutdown = createShutdown()

takes<Hook[]>(childProcess(spawn('node')))
takes<Hook[]>(childProcess(fork('a.js'), { stopMessage: 'shutdown', stopWait: '5s', group: true }))
// @ts-expect-error: no signal has this name
childProcess(spawn('node'), { stopSignal: 'SIGTREM' })
// @ts-expect-error: it takes the child
childProcess('node')

takes<Hook[]>(workerThread(new Worker('a.js'), { stopMessage: { kind: 'end' }, exitCodes: [0, 3] }))
// @ts-expect-error: a child process is no thread
workerThread(spawn('node'))

const tasks = taskTracker({ name: 'jobs', phase: 'stop' })
takes<TaskTracker>(tasks)
takes<() => boolean>(shutdown.add(tasks))
takes<Promise<number>>(tasks.run(() => 1))
takes<Promise<number>>(tasks.run(async ({ signal }) => (signal.aborted ? 0 : 1), { timeout: '1s' }))
// @ts-expect-error: what it returns is what the work does
takes<Promise<string>>(tasks.run(() => 1))
// @ts-expect-error: counted by the tracker alone
tasks.size = 0

const workers = clusterWorkers(cluster, { stopMessage: false, fork: () => cluster.fork() })
takes<() => boolean>(shutdown.add([workers, tasks]))
takes<Promise<number>>(workers.restart())
// @ts-expect-error: a message or none
clusterWorkers(cluster, { stopMessage: true })

const web: ProgramOptions = {
  name: 'web',
  command: 'node',
  args: ['web.js'],
  env: { PORT: '80', DEBUG: null },
  restart: 'always',
  backoff: { initial: '100ms', max: '1m' },
}
const programs = supervise([web], { exitOn: 'fatal', stdout: process.stderr })
takes<Supervisor>(programs)
takes<Promise<number>>(programs.ended)
takes<() => void>(
  programs.on('state', ({ to, pid }) => takes<[ProcessState, number | null]>([to, pid])),
)
// @ts-expect-error: there is one kind of event
programs.on('exit', () => undefined)
// @ts-expect-error: a program has a command
supervise([{ name: 'web' }])
// @ts-expect-error: there is no such policy
supervise([{ ...web, restart: 'on-failure' }])
// @ts-expect-error: variables are texts
supervise([{ ...web, env: { PORT: 80 } }])
