import { describe, expect, test } from 'vitest'
import type { HookContext } from '../../src/engine/hook.ts'
import { virtualShutdown } from '../support/hooks/virtual.ts'

const never = () => new Promise<never>(() => {})

describe('what else is running when a hook is cut off', () => {
  test('is in its report: the other hooks, their age and what they wait for', async () => {
    const { shutdown, clock, process } = virtualShutdown({ grace: '10s' })
    shutdown.add([
      { name: 'consul', phase: 'deregister', run: () => clock.sleep(500) },
      { name: 'cache', phase: 'drain', timeout: '1s', run: never },
      {
        name: 'jobs',
        phase: 'drain',
        run: ({ waitingFor }: HookContext) => {
          waitingFor(() => ['resize, 3 s old', 'mail 7, 1 s old'])
          return never()
        },
      },
      { name: 'quick', phase: 'drain', run: () => {} },
    ])
    const run = shutdown.now()
    await clock.advance(10_000)
    const [, drain] = (await run).phases
    const [cache, jobs, quick] = drain?.hooks ?? []
    expect(cache?.hang?.others).toEqual([
      {
        name: 'jobs',
        phase: 'drain',
        priority: 400,
        age: 1000,
        waitingFor: ['resize, 3 s old', 'mail 7, 1 s old'],
      },
    ])
    expect(jobs).toMatchObject({
      notes: ['cut off: resize, 3 s old', 'cut off: mail 7, 1 s old'],
      hang: { others: [] },
    })
    expect(quick?.hang).toBe(null)
    expect(process.output).toContain(
      `hook 'cache' (drain) was cut off after 1 s
  still running: hook 'jobs' (drain), 1 s old
    waits for resize, 3 s old
    waits for mail 7, 1 s old`,
    )
  })

  test('leaves out hooks that are cut off at the same time: they report it themselves', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '10s' })
    for (const name of ['a', 'b', 'c']) shutdown.add({ name, phase: 'drain', run: never })
    const run = shutdown.now()
    await clock.advance(10_000)
    const hooks = (await run).phases.flatMap((phase) => phase.hooks)
    expect(hooks.map(({ hang }) => hang?.others)).toEqual([[], [], []])
  })

  test('may come from several lists, and a list that throws is reported as such', async () => {
    const { shutdown, clock } = virtualShutdown({ grace: '10s' })
    shutdown.add({
      name: 'hung',
      phase: 'drain',
      run: ({ waitingFor }) => {
        waitingFor(() => ['one'])
        waitingFor(() => {
          throw new Error('boom')
        })
        waitingFor(() => ['two'])
        return never()
      },
    })
    const run = shutdown.now()
    await clock.advance(10_000)
    expect((await run).phases[0]?.hooks[0]?.notes).toEqual([
      'cut off: one',
      'cut off: (waitingFor() failed: Error: boom)',
      'cut off: two',
    ])
  })
})
