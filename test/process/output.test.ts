import { once } from 'node:events'
import { expect, test } from 'vitest'
import { Script, shutdownScript } from '../support/programs/script.ts'

const TWO_MEGABYTES = 2 * 1024 * 1024

test.each(['stdout', 'stderr'] as const)(
  '2 MB that the last hook writes to %s arrive whole, though the reader takes them slowly',
  async (name) => {
    const script = new Script(
      shutdownScript(
        `shutdown.add({ name: 'log', phase: 'close', run: () => void process.${name}.write('x'.repeat(${TWO_MEGABYTES})) })`,
        `{ grace: '10s' }`,
      ),
    )
    await script.says('ready')
    const stream = script.child[name]
    stream?.pause()
    const chunks = once(script.child, 'exit')
    script.send('SIGTERM')
    // A reader that takes 64 KiB every 10 ms: a third of a second for all of it.
    const reader = setInterval(() => {
      stream?.once('data', () => stream.pause())
      stream?.resume()
    }, 10)
    const [code] = await chunks
    clearInterval(reader)
    stream?.resume()
    const ended = await script.ended
    expect(code).toBe(0)
    expect(ended[name].replace('ready\n', '')).toHaveLength(TWO_MEGABYTES)
  },
)

test('a reader that takes nothing holds the process no longer than its grace', async () => {
  const script = new Script(
    shutdownScript(
      `shutdown.add({ name: 'log', phase: 'close', run: () => void process.stdout.write('x'.repeat(${TWO_MEGABYTES})) })`,
      `{ grace: '5s', margin: '300ms' }`,
    ),
  )
  await script.says('ready')
  script.child.stdout?.pause()
  const exited = once(script.child, 'exit')
  script.send('SIGTERM')
  const [code, signal] = await exited
  expect([code, signal]).toEqual([0, null])
  script.child.stdout?.resume()
})

test('what is written after awaiting the event exit arrives', async () => {
  const script = new Script(
    shutdownScript(`
      const exiting = new Promise((resolve) => shutdown.on('exit', resolve))
      exiting.then(() => process.stdout.write('x'.repeat(${TWO_MEGABYTES})))
    `),
  )
  await script.says('ready')
  script.send('SIGTERM')
  const { code, stdout } = await script.ended
  expect(code).toBe(0)
  expect(stdout.replace('ready\n', '')).toHaveLength(TWO_MEGABYTES)
})

test('what is written after awaiting now() arrives', async () => {
  const script = new Script(
    shutdownScript(`
      setImmediate(async () => {
        const report = await shutdown.now()
        process.stdout.write(JSON.stringify(report))
      })
    `),
  )
  const { code, stdout } = await script.ended
  expect(code).toBe(0)
  expect(JSON.parse(stdout.replace('ready\n', ''))).toMatchObject({ version: 1, outcome: 'clean' })
})

/** 2,000 audit lines of 1,000 bytes, written by the last hook: more than the buffers of any reader take. */
const AUDIT = `shutdown.add({ name: 'audit', phase: 'close', run() {
  for (let n = 0; n < 2000; n++) process.stdout.write('audit ' + String(n).padStart(993, '.') + '\\n')
} })`

test('a reader that pauses for longer than an exit takes gets all lines', async () => {
  const script = new Script(shutdownScript(AUDIT, `{ grace: '10s', log: 'text' }`))
  await script.says('ready')
  script.child.stdout?.pause()
  await script.send('SIGTERM').reports('exiting with code 0')
  // Longer than the 900 ms that an exit may take is what is tried here.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect(script.child.exitCode).toBeNull()
  script.child.stdout?.resume()
  const { code, stdout, stderr } = await script.ended
  expect(code).toBe(0)
  expect(stdout.match(/^audit/gm)).toHaveLength(2000)
  expect(stderr).not.toContain('not taken')
})

test.each<[string, string, number, string?]>([
  ['changes no code', '{}', 0],
  [
    'gives the code that the application has chosen for it',
    '{ exitCodes: { undelivered: 75 } }',
    75,
  ],
  [
    'gives no such code where a hook failed',
    `{ exitCodes: { undelivered: 75, failed: 1 } }`,
    1,
    `shutdown.add({ name: 'bad', phase: 'stop', run() { throw new Error('bad') } })`,
  ],
])(
  'what a reader never takes is lost, which is logged, and %s',
  async (_, options, code, more = '') => {
    const script = new Script(
      // A second for the exit: the watchdog must not come first where the machine is busy.
      shutdownScript(`${AUDIT}\n${more}`, `{ grace: '3s', margin: '2s', ...${options} }`),
    )
    await script.says('ready')
    script.child.stdout?.pause()
    const exited = once(script.child, 'exit')
    script.send('SIGTERM')
    expect(await exited).toEqual([code, null])
    script.child.stdout?.resume()
    const { stderr, stdout } = await script.ended
    const arrived = Buffer.byteLength(stdout) - Buffer.byteLength('ready\n')
    const [, lost] =
      stderr.match(
        /^lastcall: stdout: ([\d.]+) MB are lost: the reader did not take them within .*$/m,
      ) ?? []
    expect(Number(lost)).toBe(Math.round((2_000_000 - arrived) / 100_000) / 10)
  },
)

test('a reader that has gone is not waited for', async () => {
  const script = new Script(
    shutdownScript(
      `process.stdout.on('error', () => {})\n${AUDIT}`,
      `{ grace: '10s', log: 'text' }`,
    ),
  )
  await script.says('ready')
  script.child.stdout?.destroy()
  const { code, stderr } = await script.send('SIGTERM').ended
  expect(code).toBe(0)
  expect(stderr).not.toContain('lost')
})
