import type { FeatureGroup } from '../feature.ts'
import { endsWith, type Lab } from '../lab.ts'

const CLOSES = `shutdown.add({ name: 'pool', phase: 'close', run: () => say('closed') })`

/** A service that gets SIGTERM. */
const stopped = async (lab: Lab, body: string, shutdown?: string) => {
  const options = shutdown === undefined ? {} : { shutdown }
  return (await lab.service(body, options)).send('SIGTERM')
}

const fault = (name: string, origin: string, code: string) => ({
  name,
  check: async (lab: Lab) => {
    const program = await lab.service(`${CLOSES}; setImmediate(() => { ${code} })`)
    const stderr = new RegExp(`^lastcall: ${origin}: Error: boom\\n +at `)
    await endsWith(program, { code: 1, stdout: /closed/, stderr })
  },
})

export const endings: FeatureGroup = {
  name: 'Exit codes and faults',
  features: [
    {
      name: 'a hook fails: code 1, named with its stack',
      check: async (lab) => {
        const body = `shutdown.add({ name: 'bad', phase: 'drain', run() { throw new Error('boom') } })`
        const stderr = /^lastcall: hook 'bad' \(drain\) failed: Error: boom\n +at /
        await endsWith(await stopped(lab, `${body}; ${CLOSES}`), {
          code: 1,
          stdout: /closed/,
          stderr,
        })
      },
    },
    {
      name: 'a hook is cut off at the deadline: code 124',
      check: async (lab) => {
        const body = `shutdown.add({ name: 'hung', phase: 'drain', run: hung })`
        const stderr = /^lastcall: hook 'hung' \(drain\) was cut off/
        await endsWith(await stopped(lab, body, `{ grace: '1s' }`), { code: 124, stderr })
      },
    },
    {
      name: 'a hook blocks the loop beyond its limit: code 124, the next ones run',
      check: async (lab) => {
        const block = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)'
        const body = `
          shutdown.add({ name: 'blocking', phase: 'drain', timeout: 100, run: () => void ${block} })
          shutdown.add({ name: 'sleeping', phase: 'drain', timeout: 100, run: () => sleep(300) })
          ${CLOSES}`
        const stderr = /'sleeping' \(drain\) was cut off/
        await endsWith(await stopped(lab, body), { code: 124, stdout: /closed/, stderr })
      },
    },
    {
      name: 'the loop is blocked at the deadline: SIGKILL',
      check: async (lab) => {
        const body = `shutdown.add({ name: 'stuck', phase: 'drain', run: () => { for (;;); } })`
        const stderr = /^lastcall: the event loop is blocked/
        const program = await stopped(lab, body, `{ grace: '2s' }`)
        await endsWith(program, { signal: 'SIGKILL', stderr })
      },
    },
    {
      name: 'the code that blocks the loop is named, with its line',
      check: async (lab) => {
        const body = `
          shutdown.add({ name: 'stuck', phase: 'drain', run: () => spin() })
          function spin() { for (;;); }`
        const stderr = /blocked by spin \(\S+:\d+:\d+\).*\n.* at spin .*\n.* at run /
        const program = await stopped(lab, body, `{ grace: '2s' }`)
        await endsWith(program, { signal: 'SIGKILL', stderr })
      },
    },
    {
      name: "the application's own `process.exitCode` is kept",
      check: async (lab) => endsWith(await stopped(lab, 'process.exitCode = 3'), { code: 3 }),
    },
    {
      name: '`exitCodes`: 143 after a clean shutdown',
      check: async (lab) => {
        const shutdown = `{ grace: '10s', exitCodes: { clean: 'signal' } }`
        await endsWith(await stopped(lab, CLOSES, shutdown), { code: 143, stdout: /closed/ })
      },
    },
    fault('an uncaught exception: code 1', 'uncaughtException', `throw new Error('boom')`),
    fault(
      'an unhandled rejection: code 1',
      'unhandledRejection',
      `Promise.reject(new Error('boom'))`,
    ),
    {
      name: 'a fault during the shutdown: the hooks go on, code 1',
      check: async (lab) => {
        const body = `
          shutdown.add({ name: 'work', phase: 'drain', run: async () => {
            setTimeout(() => { throw new Error('again') })
            await sleep(50)
          } })
          ${CLOSES}`
        const stderr = /^lastcall: uncaughtException: Error: again/
        await endsWith(await stopped(lab, body), { code: 1, stdout: /closed/, stderr })
      },
    },
    {
      name: 'an early `process.exit()` is logged, with the hooks that are lost',
      check: async (lab) => {
        const body = `
          shutdown.add({ name: 'http', phase: 'drain', run: () => process.exit(0) })
          shutdown.add({ name: 'events', phase: 'flush', run: () => say('flushed') })`
        const stderr =
          /process\.exit\(\) was called during the shutdown \(hook 'http' was cut off; hook 'events' never ran\)/
        await endsWith(await stopped(lab, body), { code: 1, stdout: 'ready\n', stderr })
      },
    },
    {
      name: 'several shutdowns leave together, with the worst code',
      check: async (lab) => {
        const body = `
          const other = createShutdown({ grace: '10s' })
          shutdown.add({ name: 'quick', phase: 'drain', run: () => Promise.reject(new Error('boom')) })
          other.add({ name: 'slow', phase: 'drain', run: async () => { await sleep(100); say('slow is done') } })
          other.listen()`
        await endsWith(await stopped(lab, body), { code: 1, stdout: /slow is done/ })
      },
    },
    {
      name: 'two copies of the package leave together',
      check: async (lab) => {
        const body = `
          const { createRequire } = await import('node:module')
          const copy = createRequire(import.meta.url)('lastcall')
          if (copy.createShutdown === createShutdown) say('one copy only')
          const other = copy.createShutdown({ grace: '10s' })
          other.add({ name: 'slow', phase: 'drain', run: async () => { await sleep(100); say('slow is done') } })
          other.listen()
          shutdown.add({ name: 'quick', phase: 'drain', run: () => say('quick is done') })`
        const stdout = 'ready\nquick is done\nslow is done\n'
        await endsWith(await stopped(lab, body), { code: 0, stdout })
      },
    },
  ],
}
