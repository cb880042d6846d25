import assert from 'node:assert/strict'
import { Crowd } from '../clients.ts'
import type { FeatureGroup } from '../feature.ts'
import { endsWith, type Lab } from '../lab.ts'
import { portOf } from '../servers.ts'

/** A primary and its workers, in one file; SIGUSR2 restarts them. */
const CLUSTER = `
  import cluster from 'node:cluster'
  import { once } from 'node:events'
  import { createServer } from 'node:http'
  import { createShutdown } from 'lastcall'
  import { httpServer } from 'lastcall/http'
  import { clusterWorkers } from 'lastcall/workers'

  const shutdown = createShutdown({ grace: '20s', log: { format: 'text', level: 'warn' } })
  if (cluster.isPrimary) {
    const workers = clusterWorkers(cluster)
    shutdown.add(workers)
    cluster.on('exit', (worker, code, signal) => console.log('gone', worker.id, signal ?? code))
    process.on('SIGUSR2', () => {
      workers.restart().then((count) => console.log('restarted', count), (error) => console.log('failed', error.message))
    })
    let port
    for (let n = 0; n < 2; n++) [, { port }] = await Promise.all([cluster.fork(), once(cluster, 'listening').then(([, address]) => address)])
    shutdown.listen()
    console.log('port ' + port)
  } else {
    const server = createServer((request, response) => setTimeout(() => response.end('ok'), 2))
    shutdown.add(httpServer(server))
    shutdown.listen()
    server.listen(Number(process.env.PORT ?? 0), '127.0.0.1')
  }
`

/** A supervisor of programs of shell, and its changes of state on stdout. */
const supervised = (lab: Lab, programs: string) =>
  lab.service(
    `const { supervise } = await import('lastcall/workers')
     const sh = (name, script, others) => ({ name, command: 'sh', args: ['-c', script], startFor: 0, ...others })
     const programs = supervise(${programs})
     programs.on('state', ({ name, to }) => say(name + ' ' + to))
     shutdown.add(programs)
     programs.start()`,
  )

const TRAPS = (word: string) =>
  `trap 'kill -KILL $!; echo ${word}; exit 0' TERM; sleep 1000 & echo up; wait; wait`

export const groups: FeatureGroup = {
  name: 'Clusters and groups of programs',
  features: [
    {
      name: '`clusterWorkers()`: stopped under load, nothing lost',
      check: async (lab) => {
        const program = lab.run(CLUSTER)
        const crowd = new Crowd(await portOf(program), { clients: 10 })
        await crowd.hasAnswers(100)
        program.send('SIGTERM')
        assert.deepEqual(await crowd.lost(), [])
        const { stdout } = await endsWith(program, { code: 0, stderr: '' })
        assert.match(stdout, /gone \d 0\ngone \d 0\n/)
      },
    },
    {
      name: '`clusterWorkers().restart()` under load, nothing lost',
      check: async (lab) => {
        const program = lab.run(CLUSTER)
        const crowd = new Crowd(await portOf(program), { clients: 10 })
        await crowd.hasAnswers(100)
        program.send('SIGUSR2')
        await program.says(/(restarted|failed) .*\n/)
        await crowd.hasAnswers(crowd.answered + 100)
        program.send('SIGTERM')
        assert.deepEqual(await crowd.lost(), [])
        await endsWith(program, { code: 0, stdout: /restarted 2\n/, stderr: '' })
      },
    },
    {
      name: '`supervise()`: output by line, stopped in order of priority',
      check: async (lab) => {
        const program = await supervised(
          lab,
          `[sh('web', ${JSON.stringify(TRAPS('web ends'))}, { priority: 20, stopWait: '3s' }),
            sh('db', ${JSON.stringify(TRAPS('db ends'))}, { priority: 10, stopWait: '3s' })]`,
        )
        await program.says(/web +\| up/)
        await program.says(/db +\| up/)
        const stdout =
          /web STOPPING[\s\S]*web +\| web ends[\s\S]*web STOPPED[\s\S]*db STOPPING[\s\S]*db +\| db ends[\s\S]*db STOPPED/
        await endsWith(program.send('SIGTERM'), { code: 0, stdout })
      },
    },
    {
      name: '`supervise()`: a program that crashes is started again, and is FATAL in the end',
      check: async (lab) => {
        const program = await supervised(
          lab,
          `[sh('web', 'exit 3', { startFor: '1s', startRetries: 1, backoff: { initial: 10 } })], { log: false }`,
        )
        await program.says(
          /web STARTING\n[\s\S]*web BACKOFF\n[\s\S]*web STARTING\n[\s\S]*web FATAL/,
        )
        await endsWith(program.send('SIGTERM'), { code: 0 })
      },
    },
    {
      name: '`supervise()`: a program that ignores the signal is killed: code 124',
      check: async (lab) => {
        const program = await supervised(
          lab,
          `[sh('web', 'trap "" TERM; echo up; sleep 1000', { stopWait: 200 })]`,
        )
        await program.says(/web +\| up/)
        await endsWith(program.send('SIGTERM'), { code: 124, stderr: /web/ })
      },
    },
  ],
}
