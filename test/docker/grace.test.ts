import { expect } from 'vitest'
import { shutdownScript } from '../support/programs/script.ts'
import { describeContainers, test } from './docker.ts'

/** A service with work of some 5 s in flight. */
function service(options: string): string {
  return shutdownScript(
    `
      shutdown.add({ name: 'export', phase: 'drain', run: async () => {
        say('export begins')
        await sleep(5000)
        say('export ends')
      } })
      shutdown.add({ name: 'events', phase: 'flush', run: () => say('events flushed') })
      shutdown.add({ name: 'pool', phase: 'close', run: () => say('pool closed') })
    `,
    options,
  )
}

describeContainers('work that takes longer than docker stop grants', () => {
  test('is cut off in time for the phases after it where `grace` is what is granted; the code is 124', async ({
    image,
  }) => {
    const container = await image.run({ files: { 'app.js': service(`{ grace: '2s' }`) } })
    await container.says('ready')
    const { code, stdout, stderr } = await container.stop({ time: 2 })
    expect(stdout).toBe('ready\nexport begins\nevents flushed\npool closed\n')
    expect(stderr).toContain(`hook 'export' (drain) was cut off`)
    expect(code).toBe(124)
  })

  test('is killed where `grace` is longer, and what was to come after it with it; the code is 137', async ({
    image,
  }) => {
    const container = await image.run({ files: { 'app.js': service('{}') } })
    await container.says('ready')
    const { code, stdout, oomKilled } = await container.stop({ time: 1 })
    expect(stdout).toBe('ready\nexport begins\n')
    expect(code).toBe(137)
    expect(oomKilled).toBe(false)
  })
})
