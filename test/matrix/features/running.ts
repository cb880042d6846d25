import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { FeatureGroup } from '../feature.ts'
import { endsWith, type Lab } from '../lab.ts'

/** A service that gets SIGTERM, and what it should say after it was ready. */
const says = async (lab: Lab, body: string, lines: readonly string[], code = 0) => {
  const program = await lab.service(body, { shutdown: `{ grace: '2s' }` })
  await endsWith(program.send('SIGTERM'), { code, stdout: `ready\n${lines.join('\n')}\n` })
}

const MEGABYTE = 1024 * 1024

/** What the last hook writes, to a reader that takes it slowly. */
const flushes = (name: 'stdout' | 'stderr') => ({
  name: `1 MB on ${name} arrives whole at a slow reader`,
  check: async (lab: Lab) => {
    const program = await lab.service(
      `shutdown.add({ name: 'log', phase: 'close', run: () => void process.${name}.write('x'.repeat(${MEGABYTE})) })`,
      { shutdown: `{ grace: '10s', margin: '5s' }` },
    )
    const stream = program.child[name]
    stream?.pause()
    const exited = once(program.child, 'exit')
    program.send('SIGTERM')
    // 64 KiB, which is what a pipe holds, every 10 ms.
    const reader = setInterval(() => {
      stream?.once('data', () => stream.pause())
      stream?.resume()
    }, 10)
    const [code] = await exited
    clearInterval(reader)
    stream?.resume()
    const ended = await program.ended
    assert.equal(code, 0)
    assert.equal(ended[name].replace('ready\n', '').length, MEGABYTE)
  },
})

export const running: FeatureGroup = {
  name: 'The shutdown',
  features: [
    {
      name: 'a hook that hangs does not eat the reserve of a later one',
      check: (lab) =>
        says(
          lab,
          `shutdown.add({ name: 'hung', phase: 'drain', run: hung })
           shutdown.add({ name: 'events', phase: 'flush', reserve: '1s', run: async ({ remaining }) => {
             say(remaining() >= 990)
             await sleep(500)
             say('flushed')
           } })`,
          ['true', 'flushed'],
          124,
        ),
    },
    {
      name: "a hook's `signal` aborts at its limit with a TimeoutError",
      check: (lab) =>
        says(
          lab,
          `shutdown.add({ name: 'query', phase: 'close', timeout: 100, run: ({ signal }) => new Promise((resolve, reject) => {
             signal.addEventListener('abort', () => { say(signal.reason.name); reject(signal.reason) })
           }) })`,
          ['TimeoutError'],
          124,
        ),
    },
    {
      name: '`shutdown.signal` ends loops, `timers/promises` included',
      check: (lab) =>
        says(
          lab,
          `const timers = await import('node:timers/promises')
           const loop = timers.setTimeout(60_000, undefined, { signal: shutdown.signal })
           const caught = loop.catch((error) => say(error.name + ' ' + (error.cause?.code ?? '')))
           shutdown.add({ name: 'loop', phase: 'stop', run: () => caught })`,
          ['AbortError LASTCALL_SHUTTING_DOWN'],
        ),
    },
    {
      name: '`Symbol.asyncDispose`: a resource is its own hook',
      check: (lab) =>
        says(
          lab,
          `class Pool { async [Symbol.asyncDispose]() { await sleep(20); say('disposed') } }
           shutdown.add(new Pool())
           shutdown.on('hook:end', ({ hook }) => say(hook.name + ' ' + hook.phase))`,
          ['disposed', 'Pool close'],
        ),
    },
    {
      name: '`now()` returns the report, and it can be written before the exit',
      check: async (lab) => {
        const program = await lab.service(`
          shutdown.add({ name: 'pool', phase: 'close', run: ({ note }) => note('closed') })
          setImmediate(async () => say(JSON.stringify(await shutdown.now('test'))))`)
        const { stdout } = await endsWith(program, { code: 0 })
        const report = JSON.parse(stdout.replace('ready\n', ''))
        assert.deepEqual(report.reason, { kind: 'call', note: 'test' })
        assert.equal(report.phases[0].hooks[0].notes[0], 'closed')
      },
    },
    {
      name: '`exit: false` leaves the process alone',
      check: async (lab) => {
        const program = lab.run(`
          import { createShutdown } from 'lastcall'
          const shutdown = createShutdown({ exit: false, log: false })
          shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
          shutdown.listen()
          const { outcome, exitCode } = await shutdown.now()
          setTimeout(() => console.log('alive after', outcome, exitCode), 50)
        `)
        await endsWith(program, { code: 0, stdout: 'alive after clean 0\n', stderr: '' })
      },
    },
    {
      name: '`formatReport()` draws the report',
      check: async (lab) => {
        const program = await lab.service(`
          shutdown.add({ name: 'pool', phase: 'close', run: () => sleep(20) })
          shutdown.on('end', ({ report }) => say(formatReport(report)))`)
        const stdout = /SIGTERM → exit code 0 .*\n +close +pool +█+ +\d+ ms/
        await endsWith(program.send('SIGTERM'), { code: 0, stdout })
      },
    },
    flushes('stdout'),
    flushes('stderr'),
  ],
}
