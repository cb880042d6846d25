import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/runtime/clock.ts'
import { isAlive, onSignal, Supervised, sh, sleeper } from '../../support/programs/programs.ts'
import { until } from '../../support/service.ts'

describe('the stop signal', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)(
    'is %s where that was asked for, and comes once',
    async (stopSignal) => {
      const signals = 'TERM INT QUIT HUP USR1 USR2'.split(' ')
      const traps = signals.map((one) => `trap 'echo got SIG${one}; end' ${one}`).join('; ')
      const script = `end() { kill -KILL $!; exit 0; }; ${traps}; sleep 1000 & echo ready; wait`
      const world = new Supervised([sh(script, { stopSignal })]).start()
      await world.stdout.says('ready')
      await world.stop().over
      expect(world.stdout.lines).toEqual(['web | ready', `web | got ${stopSignal}`])
      expect(world.changes.at(-1)).toMatchObject({ to: 'STOPPED', exitCode: 0 })
    },
  )

  test.each([
    ['dies of it', sleeper({ stopSignal: 'SIGQUIT' })],
    ['exits with 128 + its number', onSignal('QUIT', 'exit 131', { stopSignal: 'SIGQUIT' })],
    ['exits with one of its exitCodes', onSignal('TERM', 'exit 9', { exitCodes: [0, 9] })],
    ['exits with 0', onSignal('TERM', 'exit 0')],
  ])('is obeyed well by a program that %s', async (_, program) => {
    const world = new Supervised([program]).start()
    if (program.command === 'sh') await world.stdout.says('ready')
    await world.stop().over
    expect(world.changes.at(-1)).toMatchObject({ to: 'STOPPED', problem: null })
  })

  test.each([
    ['exits with 1', onSignal('TERM', 'exit 1'), 'exit code 1'],
    ['exits with 143 for SIGQUIT', onSignal('QUIT', 'exit 143', { stopSignal: 'SIGQUIT' }), '143'],
    ['dies of another one', onSignal('TERM', 'kill -SEGV $$'), 'SIGSEGV'],
    ['exits with 0 where that is bad', onSignal('TERM', 'exit 0', { exitCodes: [4] }), 'code 0'],
  ])('is not obeyed well by a program that %s', async (_, program, ending) => {
    const world = new Supervised([program]).start()
    await world.stdout.says('ready')
    await expect(world.stop().over).rejects.toThrow(ending)
    expect(world.states().at(-1)).toBe('STOPPED')
  })

  test('of each program is its own', async () => {
    const world = new Supervised([
      onSignal('QUIT', 'echo quit; exit 0', { name: 'web', stopSignal: 'SIGQUIT' }),
      onSignal('INT', 'echo int; exit 0', { name: 'job', stopSignal: 'SIGINT' }),
    ]).start()
    await Promise.all([world.stdout.says('web | ready'), world.stdout.says('job | ready')])
    await Promise.all([world.stop('web').over, world.stop('job').over])
    expect(world.stdout.lines.slice(2).sort()).toEqual(['job | int', 'web | quit'])
  })

  test('may be SIGKILL, which counts as obeyed', async () => {
    const world = new Supervised([sleeper({ stopSignal: 'SIGKILL' })]).start()
    await world.stop().over
    expect(world.changes.at(-1)).toMatchObject({ to: 'STOPPED', signal: 'SIGKILL' })
  })
})

/** Its child prints that it was signalled, and then ends. */
const FAMILY = `
  sh -c 'trap "kill -KILL \\$!; echo child signalled; exit 0" TERM; sleep 1000 & echo child $$; wait' &
  trap 'exit 0' TERM
  wait; wait`

describe('a program with children of its own', () => {
  test('gets the stop signal alone where nothing else was asked for', async () => {
    const world = new Supervised([sh(FAMILY)]).start()
    await world.stdout.says('child')
    const group = world.pid()
    await world.stop().over
    expect(world.stdout.text).not.toContain('signalled')
    // Its end is the end of the program, as supervisord has it: the child was its own concern.
    expect(world.states().at(-1)).toBe('STOPPED')
    expect(process.kill(-group, 'SIGKILL')).toBe(true)
  })

  test('gets it together with them by group, and is waited for together with them', async () => {
    const world = new Supervised([sh(FAMILY, { group: true })], {}, systemClock).start()
    const child = Number(await world.stdout.says(/child (\d+)/))
    await world.stop().over
    expect(isAlive(child)).toBe(false)
    await world.stdout.says('child signalled')
  })

  test('is heard with them by group, also when it has ended itself', async () => {
    const afterwards =
      'while kill -0 \\$PPID 2>&-; do sleep 0.02; done; sleep 0.1; echo child signalled'
    const script = `
      sh -c 'trap "kill -KILL \\$!; ${afterwards}; exit 0" TERM; sleep 1000 & echo child; wait' &
      trap 'exit 0' TERM
      wait; wait`
    const world = new Supervised([sh(script, { group: true })], {}, systemClock).start()
    await world.stdout.says('child')
    await world.stop().over
    expect(world.stdout.lines).toEqual(['web | child', 'web | child signalled'])
  })

  test('is killed with them by group where one of them does not end', async () => {
    const script = `sh -c "trap '' TERM; echo child \\$\\$; exec sleep 1000" & wait`
    const world = new Supervised([sh(script, { group: true })], {}, systemClock).start()
    const child = Number(await world.stdout.says(/child (\d+)/))
    const { over, abort, notes } = world.stop()
    await world.reaches('STOPPED')
    expect(isAlive(child)).toBe(true)
    abort()
    await over
    await until(() => !isAlive(child))
    expect(notes).toEqual([expect.stringMatching(/^killed: child 'web' \(pid \d+\), .* SIGTERM$/)])
  })

  test('may end them itself', async () => {
    const script = `sleep 1000 & trap 'kill -KILL $!; wait $!; echo child gone; exit 0' TERM; echo ready; wait`
    const world = new Supervised([sh(script, { group: false })]).start()
    await world.stdout.says('ready')
    await world.stop().over
    expect(world.stdout.lines.at(-1)).toBe('web | child gone')
  })
})
