import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { folder, isAlive, Sink, Supervised, sh } from '../../support/programs/programs.ts'
import { Script, shutdownScript } from '../../support/programs/script.ts'
import { until } from '../../support/service.ts'

test('programs wait for a slow reader, and all of them go on when it has read', async () => {
  const stdout = new Sink(true)
  const names = ['a', 'b', 'c']
  const programs = names.map((name) => sh('exec seq 1 100000', { name, startRetries: 0 }))
  const world = new Supervised(programs, { stdout }).start()
  await stdout.says('1')
  stdout.release()
  for (const name of names) await world.reaches('FATAL', { name })
  const { lines } = stdout
  for (const name of names) {
    const own = lines.filter((line) => line.startsWith(name))
    expect(own).toHaveLength(100_000)
    expect(own.at(-1)).toBe(`${name} | 100000`)
  }
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

/** Writes much to one of its outputs, more than a pipe holds, while nothing reads that; then writes to the other. */
const writer = (go: string, to: string, other: string) =>
  `trap 'exit 0' TERM; echo up; while [ ! -e ${go} ]; do sleep 0.01; done
   seq 1 100000 ${to}; echo written ${other}; while :; do sleep 0.01; done`

test('a reader of stdout that has gone does not crash the supervisor, and the programs go on', async () => {
  const go = join(folder(), 'go')
  const script = new Script(supervisor(writer(go, '', '>&2')))
  await script.says('web | up')
  script.child.stdout?.destroy()
  writeFileSync(go, '')
  await until(() => script.stderr.includes('web | written'))
  const ended = await script.send('SIGTERM').ended
  expect(ended).toMatchObject({ code: 0, signal: null })
  expect(ended.stderr).toBe('STARTING\nRUNNING\nweb | written\nSTOPPING\nSTOPPED\n')
})

test('a reader of stderr that has gone does not crash the supervisor either', async () => {
  const go = join(folder(), 'go')
  const script = new Script(supervisor(writer(go, '>&2', '')))
  await script.says('web | up')
  script.child.stderr?.destroy()
  writeFileSync(go, '')
  await script.says('web | written')
  expect(await script.send('SIGTERM').ended).toMatchObject({ code: 0, signal: null })
})

test('last words that come while others are being read are passed on before the end is reported', async () => {
  const path = folder()
  const go = join(path, 'go')
  const late = `while [ ! -e ${go} ]; do :; done; echo bye; exit 1`
  let pid = 0
  let known: string | undefined
  const chunks: string[] = []
  // Reading the first one's line takes as long as the other needs to write its last and to end.
  const stdout = new Writable({
    write(chunk, _, done) {
      chunks.push(String(chunk))
      if (String(chunk).includes('early')) {
        writeFileSync(go, '')
        while (isAlive(pid)) spawnSync('true')
      }
      done()
    },
  })
  const options = { startFor: 0, restart: 'never' } as const
  const world = new Supervised(
    [
      sh('echo early; exit 1', { name: 'early', ...options }),
      sh(late, { name: 'late', ...options }),
    ],
    { stdout },
  )
  world.programs.on('state', ({ name, to }) => {
    if (name === 'late' && to === 'EXITED') known = chunks.join('')
  })
  world.start()
  pid = world.pid('late')
  // Until the first one has ended, nothing is read: its line and its end are heard in one turn.
  while (isAlive(world.pid('early'))) spawnSync('true')
  await world.reaches('EXITED', { name: 'late' })
  expect(existsSync(go)).toBe(true)
  expect(known).toContain('late  | bye')
})

test('characters of a line that is passed on in pieces stay whole', async () => {
  const script = `node -e "process.stdout.write('x' + 'ä'.repeat(100000) + '\\n')"`
  const world = new Supervised([sh(script, { startRetries: 0 })])
  world.process.env.PATH = process.env.PATH
  world.start()
  await world.reaches('FATAL')
  expect(world.stdout.text).not.toContain('\ufffd')
})

test('a sink that fails while programs wait for it lets them go on', async () => {
  const stdout = new Sink(true)
  stdout.on('error', () => {})
  const world = new Supervised([sh('exec seq 1 1000000', { startRetries: 0 })], { stdout }).start()
  await stdout.says('web | 1')
  stdout.destroy(new Error('gone'))
  await world.reaches('FATAL')
})
