import assert from 'node:assert/strict'
import type { FeatureGroup } from '../feature.ts'
import { endsWith, SAY } from '../lab.ts'

const TWO_HOOKS = `
  shutdown.add({ name: 'pool', phase: 'close', run: () => say('closed') })
  shutdown.add({ name: 'http', phase: 'drain', run: async () => { await sleep(20); say('drained') } })
`

const HUNG = `
  shutdown.add({ name: 'hung', phase: 'drain', run: hung })
  shutdown.on('start', () => say('started'))
  shutdown.on('repeat', ({ signal, samePress }) => say('repeat ' + signal + ' ' + samePress))
`

const runsTheHooks = (signal: NodeJS.Signals, shutdown = `{ grace: '10s' }`) => ({
  name: `${signal} runs the hooks in order, code 0`,
  check: async (lab: Parameters<FeatureGroup['features'][0]['check']>[0]) => {
    const program = await lab.service(TWO_HOOKS, { shutdown })
    const stdout = 'ready\ndrained\nclosed\n'
    await endsWith(program.send(signal), { code: 0, stdout, stderr: '' })
  },
})

export const signals: FeatureGroup = {
  name: 'Signals and messages',
  features: [
    runsTheHooks('SIGTERM'),
    runsTheHooks('SIGINT'),
    runsTheHooks('SIGHUP', `{ grace: '10s', signals: ['SIGTERM', 'SIGHUP'] }`),
    runsTheHooks('SIGUSR2', `{ grace: '10s', signals: ['SIGTERM', 'SIGUSR2'] }`),
    {
      name: 'a repeat within the window is the same press',
      check: async (lab) => {
        const shutdown = `{ grace: '10s', signals: { samePressWithin: '1m' } }`
        const program = await lab.service(HUNG, { shutdown })
        await program.send('SIGINT').says('started')
        await program.send('SIGINT').says('repeat SIGINT true')
      },
    },
    {
      name: 'a second SIGINT forces the exit, code 130',
      check: async (lab) => {
        const program = await lab.service(HUNG, {
          shutdown: `{ grace: '10s', signals: { samePressWithin: 0 } }`,
        })
        await program.send('SIGINT').says('started')
        const stderr = /SIGINT again: exiting at once with code 130/
        await endsWith(program.send('SIGINT'), { code: 130, stderr })
      },
    },
    {
      name: 'a second SIGTERM changes nothing',
      check: async (lab) => {
        const program = await lab.service(HUNG, {
          shutdown: `{ grace: '2s', signals: { samePressWithin: 0 } }`,
        })
        await program.send('SIGTERM').says('started')
        await program.send('SIGTERM').says('repeat SIGTERM false')
        await endsWith(program, { code: 124 })
      },
    },
    {
      name: "with `others: 'after'`, the application's own listeners run when the hooks have ended",
      check: async (lab) => {
        const own = `
          process.once('SIGTERM', async () => { await sleep(50); say('own') })
          queueMicrotask(() => process.on('SIGTERM', async () => { await sleep(100); say('added later') }))
        `
        const shutdown = `{ grace: '10s', signals: { others: 'after' } }`
        const program = await lab.service(`${own}${TWO_HOOKS}`, { shutdown })
        const stdout = 'ready\ndrained\nclosed\nown\nadded later\n'
        await endsWith(program.send('SIGTERM'), { code: 0, stdout, stderr: '' })
      },
    },
    {
      name: "PM2's message `shutdown`",
      check: async (lab) => {
        const program = await lab.service(TWO_HOOKS, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
        program.child.send('shutdown')
        await endsWith(program, { code: 0, stdout: 'ready\ndrained\nclosed\n', stderr: '' })
      },
    },
    {
      name: 'with an IPC channel, `listen()` keeps no process alive',
      check: (lab) => {
        const code = `import { createShutdown } from 'lastcall'; createShutdown().listen()`
        const program = lab.run(code, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
        return endsWith(program, { code: 0, stdout: '', stderr: '' })
      },
    },
    {
      name: 'the function that `listen()` returns undoes it: SIGTERM ends the process by itself',
      check: async (lab) => {
        const program = lab.run(`
          import { createShutdown } from 'lastcall'
          ${SAY}
          createShutdown().listen()()
          setInterval(() => {}, 1000)
          say('ready')
        `)
        await program.says('ready')
        const { code, signal } = await program.send('SIGTERM').ended
        assert.deepEqual({ code, signal }, { code: null, signal: 'SIGTERM' })
      },
    },
  ],
}
