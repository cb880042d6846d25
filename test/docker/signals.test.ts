import { expect } from 'vitest'
import { shutdownScript } from '../support/programs/script.ts'
import { describeContainers, test } from './docker.ts'

/** A service with a hook in each phase, added in another order than that in which they run. */
function service(options = '{}'): string {
  return shutdownScript(
    `
      for (const phase of ['close', 'flush', 'stop', 'drain', 'unbind', 'deregister', 'announce']) {
        shutdown.add({ name: phase, phase, run: ({ reason }) => say(phase + ' after ' + reason.signal) })
      }
      const { name, grace, because } = shutdown.platform
      say([process.pid, name, grace, because].join(', '))
    `,
    options,
  )
}

function hooksRan(signal: string): string {
  return ['announce', 'deregister', 'unbind', 'drain', 'stop', 'flush', 'close']
    .map((phase) => `${phase} after ${signal}\n`)
    .join('')
}

const AS_PID_1 = '1, docker, 10000, /.dockerenv exists\nready\n'

describeContainers('a container whose PID 1 is the application', () => {
  test('docker stop: the hooks run in order, the code is 0, and on-failure does not start it again', async ({
    image,
  }) => {
    const container = await image.run({
      files: { 'app.js': service() },
      args: ['--restart', 'on-failure'],
    })
    await container.says('ready')
    expect(await container.stop()).toEqual({
      code: 0,
      elapsed: expect.any(Number),
      stdout: AS_PID_1 + hooksRan('SIGTERM'),
      stderr: '',
      oomKilled: false,
      restarts: 0,
    })
  })

  test.for(['SIGTERM', 'INT'] as const)(
    'docker kill -s %s does what docker stop does',
    async (signal, { image }) => {
      const container = await image.run({ files: { 'app.js': service() } })
      await container.says('ready')
      const { code, stdout } = await container.kill(signal)
      expect(stdout).toBe(AS_PID_1 + hooksRan(signal === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'))
      expect(code).toBe(0)
    },
  )

  test('docker kill is SIGKILL: no hook runs, and the code is 137', async ({ image }) => {
    const container = await image.run({ files: { 'app.js': service() } })
    await container.says('ready')
    const { code, stdout } = await container.kill()
    expect(stdout).toBe(AS_PID_1)
    expect(code).toBe(137)
  })

  test('STOPSIGNAL says what docker stop sends', async ({ image }) => {
    const container = await image.run({
      dockerfile: 'STOPSIGNAL SIGINT\nCMD ["node", "app.js"]',
      files: { 'app.js': service() },
    })
    await container.says('ready')
    const { code, stdout } = await container.stop()
    expect(stdout).toBe(AS_PID_1 + hooksRan('SIGINT'))
    expect(code).toBe(0)
  })
})

describeContainers('a container whose PID 1 is that of docker run --init', () => {
  test('docker stop: the signal is forwarded, the hooks run, and the code is 0', async ({
    image,
  }) => {
    const container = await image.run({ files: { 'app.js': service() }, args: ['--init'] })
    await container.says('ready')
    const { code, stdout } = await container.stop()
    expect(stdout).toMatch(/^[^1]\d*, docker, 10000, /)
    expect(stdout).toContain(`ready\n${hooksRan('SIGTERM')}`)
    expect(code).toBe(0)
  })
})
