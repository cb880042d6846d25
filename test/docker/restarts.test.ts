import { expect } from 'vitest'
import { shutdownScript } from '../support/programs/script.ts'
import { describeContainers, test } from './docker.ts'

const POOL = `shutdown.add({ name: 'pool', phase: 'close', run: () => say('pool closed') })`

describeContainers('docker run --restart on-failure:2', () => {
  const args = ['--restart', 'on-failure:2']

  test('a crash: the hooks run each time, and it is started again twice; the code is 1', async ({
    image,
  }) => {
    const crash = `${POOL}
      setImmediate(() => { throw new Error('out of luck') })`
    const container = await image.run({ files: { 'app.js': shutdownScript(crash) }, args })
    const { code, restarts, stdout, stderr } = await container.ended()
    expect(stdout).toBe('ready\npool closed\n'.repeat(3))
    expect(stderr.match(/uncaughtException: Error: out of luck/g)).toHaveLength(3)
    expect(restarts).toBe(2)
    expect(code).toBe(1)
  })

  // docker stop and docker kill restart nothing: these are signals that Docker knows nothing of.
  const toldFromWithin = `${POOL}
    setImmediate(() => process.kill(process.pid, 'SIGTERM'))`

  test('a signal that Docker has not sent: the code is 0, and it is not started again', async ({
    image,
  }) => {
    const container = await image.run({ files: { 'app.js': shutdownScript(toldFromWithin) }, args })
    const { code, restarts, stdout } = await container.ended()
    expect(stdout).toBe('ready\npool closed\n')
    expect(restarts).toBe(0)
    expect(code).toBe(0)
  })

  test(`the same with exitCodes: { clean: 'signal' }: 143 is a failure to Docker, and it is started again`, async ({
    image,
  }) => {
    const app = shutdownScript(toldFromWithin, `{ exitCodes: { clean: 'signal' } }`)
    const container = await image.run({ files: { 'app.js': app }, args })
    const { code, restarts, stdout } = await container.ended()
    expect(stdout).toBe('ready\npool closed\n'.repeat(3))
    expect(restarts).toBe(2)
    expect(code).toBe(143)
  })
})
