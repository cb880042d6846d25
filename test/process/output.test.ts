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

test('a reader that takes nothing holds the process no longer than its margin', async () => {
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
