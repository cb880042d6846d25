import { expect, test } from 'vitest'
import { virtualShutdown } from '../../support/hooks/virtual.ts'
import { Supervised, sh, sleeper } from '../../support/programs/programs.ts'

test('fifty programs run side by side, and all are stopped in their order', async () => {
  const programs = Array.from({ length: 50 }, (_, index) =>
    sleeper({ name: `p${index}`, priority: Math.floor(index / 10) }),
  )
  const world = new Supervised(programs).start()
  await world.clock.advance(1000)
  expect(world.programs.processes.every(({ state }) => state === 'RUNNING')).toBe(true)
  const { shutdown } = virtualShutdown({ exit: false, grace: '10s' }, world)
  shutdown.add(world.programs)
  expect(await shutdown.now()).toMatchObject({ outcome: 'clean', exitCode: 0 })
  const stopped = world.changes.filter(({ to }) => to === 'STOPPED').map(({ name }) => name)
  const priorities = stopped.map((name) => Math.floor(Number(name.slice(1)) / 10))
  expect(priorities).toEqual([...priorities].sort((a, b) => b - a))
  expect(stopped).toHaveLength(50)
})

test('a program that dies a hundred times is started a hundred times, with nothing left over', async () => {
  const backoff = { initial: 1, max: 1 } as const
  const program = sh('echo $$; exit 1', { startFor: 0, restart: 'always', backoff })
  const world = new Supervised([program], { log: false }).start()
  for (let nth = 1; nth <= 100; nth++) {
    expect(await world.reaches('EXITED', { nth })).toMatchObject({ restartIn: 1, exitCode: 1 })
    if (nth < 100) await world.clock.advance(1)
  }
  const pids = world.changes.filter(({ to }) => to === 'STARTING').map(({ pid }) => pid)
  expect(world.stdout.lines).toEqual(pids.map((pid) => `web | ${pid}`))
  expect(new Set(pids).size).toBe(100)
  await world.stop().over
  expect(world.clock.pending).toBe(0)
  // Its last streams may still be closing; those of the others are closed.
  expect(world.stdout.listenerCount('drain')).toBe(0)
})
