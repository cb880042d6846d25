import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { supervise } from 'lastcall/workers'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../src/runtime/clock.ts'
import { virtualShutdown } from '../../support/hooks/virtual.ts'
import { folder, isAlive, Supervised, sh, sleeper } from '../../support/programs/programs.ts'
import { Script, shutdownScript } from '../../support/programs/script.ts'
import { block, until } from '../../support/service.ts'

test('the highest priority stops first also where the phase stop was moved up', async () => {
  const world = new Supervised([
    sleeper({ name: 'web', priority: 2 }),
    sleeper({ name: 'db', priority: 1 }),
  ]).start()
  const { shutdown } = virtualShutdown({ exit: false, phases: { stop: 350 } }, world)
  shutdown.add(world.programs)
  await shutdown.now()
  expect(world.story.slice(2)).toEqual(['web STOPPING', 'web STOPPED', 'db STOPPING', 'db STOPPED'])
})

test.each([
  [{ command: 'a\0b' }, /`programs\[0\]\.command` to be a string without a NUL/],
  [{ args: ['a\0b'] }, /`programs\[0\]\.args\[0\]` to be a string without a NUL/],
])('the rule for a NUL says that it is the NUL: %o', (option, rule) => {
  expect(() => supervise([{ ...sleeper(), ...option }])).toThrow(rule)
})

test.each([
  [{ env: { 'A\0B': 'x' } }],
  [{ args: null }],
  [{ env: null }],
  [{ instances: null }],
  [{ stopSignal: null }],
  [{ startFor: null }],
  [{ startRetries: null }],
  [{ backoff: null }],
])('%o is refused at once', (option) => {
  expect(() => supervise([{ ...sleeper(), ...option } as never])).toThrow(/programs\[0\]/)
})

test('two processes of one name are refused at once', () => {
  expect(() => supervise([sleeper({ instances: 2 }), sleeper({ name: 'web:1' })])).toThrow()
})

test('a script whose interpreter is missing is not said to be missing itself', async () => {
  const command = join(folder(), 'script')
  writeFileSync(command, '#!/no/such/interpreter\n')
  chmodSync(command, 0o755)
  const world = new Supervised([{ name: 'web', command, startRetries: 0 }]).start()
  expect((await world.reaches('FATAL')).problem).not.toContain('there is no such file')
})

test('a cwd that is a file is named', async () => {
  const world = new Supervised([sh('exit 0', { cwd: '/etc/passwd', startRetries: 0 })]).start()
  expect((await world.reaches('FATAL')).problem).toContain("'/etc/passwd'")
})

test('ended is not 0 where a program ended with 0 and 0 is not in its exitCodes', async () => {
  const program = sh('exit 0', { startFor: 0, restart: 'never', exitCodes: [3] })
  expect(await new Supervised([program]).start().programs.ended).not.toBe(0)
})

test('a forced exit leaves no program behind', async () => {
  const script = new Script(
    shutdownScript(
      `import { supervise } from 'lastcall/workers'
       const programs = supervise([{ name: 'web', command: 'sh', args: ['-c', "trap '' TERM; echo up; exec sleep 1000"] }])
       programs.on('state', ({ to, pid }) => say(to + ' ' + pid + '.'))
       shutdown.add(programs)
       programs.start()`,
      '{ signals: { samePressWithin: 0 } }',
    ),
  )
  await script.says('web | up')
  await script.send('SIGINT').says('STOPPING')
  const pid = Number(/STOPPING (\d+)\./.exec(script.stdout)?.[1])
  expect((await script.send('SIGINT').ended).code).toBe(130)
  onTestFinished(() => void (isAlive(pid) && process.kill(pid, 'SIGKILL')))
  // Who was killed may still be on the way out.
  await until(() => !isAlive(pid))
})

test('a blocked loop does not make a program count as started that has ended before', async () => {
  const world = new Supervised([sh('exit 1', { startFor: '50ms' })], {}, systemClock).start()
  while (isAlive(world.pid())) spawnSync('true')
  block(60)
  await Promise.race([world.reaches('BACKOFF'), world.reaches('EXITED')])
  await world.stop().over
  expect(world.states().slice(0, 2)).toEqual(['STARTING', 'BACKOFF'])
})

test('one listener that throws does not keep the others from hearing', () => {
  const world = new Supervised([sleeper()])
  const heard: string[] = []
  process.once('unhandledRejection', () => {})
  world.programs.on('state', () => {
    throw new Error('boom')
  })
  world.programs.on('state', ({ to }) => void heard.push(to))
  world.start()
  expect(heard).toEqual(['STARTING'])
})

test('a listener that throws does not stop the programs where a shutdown listens', async () => {
  const script = new Script(
    shutdownScript(
      `import { supervise } from 'lastcall/workers'
       const programs = supervise([{ name: 'web', command: 'sleep', args: ['1000'], startFor: '50ms' }])
       programs.on('state', ({ to }) => { say(to); if (to === 'STARTING') throw new Error('boom') })
       shutdown.add(programs)
       setImmediate(() => programs.start())`,
    ),
  )
  await script.says('RUNNING')
  script.send('SIGTERM')
  await script.ended
})
