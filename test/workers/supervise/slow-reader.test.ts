import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { settle } from '../../support/hooks/virtual.ts'
import { isAlive, Sink, Supervised, sh, stateOf } from '../../support/programs/programs.ts'
import { shutdownScript } from '../../support/programs/script.ts'

const MANY = 300_000

/** Turns of the loop in which a program has to sleep to be sure that it waits for us. */
const TURNS = 500

test('a slow reader makes a program wait: memory is bounded, and nothing is lost', async () => {
  const stdout = new Sink(true)
  const world = new Supervised([sh(`exec seq 1 ${MANY}`, { startRetries: 0 })], { stdout }).start()
  const pid = world.pid()
  for (let asleep = 0; asleep < TURNS && isAlive(pid); ) {
    await settle()
    asleep = stateOf(pid) === 'S' ? asleep + 1 : 0
  }
  expect(isAlive(pid)).toBe(true)
  expect(stdout.writableLength).toBeLessThan(1_000_000)

  stdout.release()
  await world.reaches('FATAL')
  const all = Array.from({ length: MANY }, (_, index) => `web | ${index + 1}\n`).join('')
  expect(stdout.text === all).toBe(true)
})

test('a program that has ended behind a slow reader is STOPPED when that goes on', async () => {
  const stdout = new Sink(true)
  const lines = 20_000
  const world = new Supervised([sh(`seq 1 ${lines}; exit 0`)], { stdout }).start()
  await stdout.says('web | 1\n')
  const { over } = world.stop()
  for (let turn = 0; turn < TURNS; turn++) await settle()
  // From Node 26 on it may be closed by now, where all of it is with the reader.
  expect(world.states().slice(0, 2)).toEqual(['STARTING', 'STOPPING'])
  stdout.release()
  await over.catch(() => {}) // It may have settled before.
  expect(world.states().at(-1)).toBe('STOPPED')
})

/** A process that supervises one program. */
const supervisor = (program: string, others = '') =>
  shutdownScript(`
    import { supervise } from 'lastcall/workers'
    const programs = supervise([
      { name: 'web', command: 'sh', args: ['-c', ${JSON.stringify(program)}], startFor: 0, ${others} },
    ])
    programs.on('state', ({ to }) => process.stderr.write(to + '\\n'))
    shutdown.add(programs)
    programs.start()
  `)

test('all that a program has written reaches a late reader, also what came at the stop', async () => {
  const program = `trap 'kill -KILL $!; echo bye; exit 0' TERM; seq 1 200000; sleep 1000 & echo up >&2; wait`
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const child = spawn(process.execPath, ['--input-type=module', '-e', supervisor(program)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
    if (stderr.includes('up')) child.kill('SIGTERM')
  })
  // Nobody reads until the program has begun to write.
  while (!stderr.includes('RUNNING')) await once(child.stderr, 'data')
  let stdout = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  const [code] = await once(child, 'close')
  const lines = stdout.split('\n').filter((line) => line.startsWith('web'))
  expect(lines).toHaveLength(200_001)
  expect(lines.at(-2)).toBe('web | 200000')
  expect(lines.at(-1)).toBe('web | bye')
  expect(code).toBe(0)
})
