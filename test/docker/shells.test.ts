import { expect } from 'vitest'
import { shutdownScript } from '../support/programs/script.ts'
import { describeContainers, test } from './docker.ts'

const APP = shutdownScript(`
  say('I am ' + process.pid)
  shutdown.add({ name: 'pool', phase: 'close', run: () => say('pool closed') })
`)

const IS_PID_1 = 'I am 1\nready\n'

function script(lastLine: string): string {
  return `#!/bin/sh\nset -eu\nexport REGION=here\n${lastLine}\n`
}

const WITH_SCRIPT = 'ENTRYPOINT ["./entrypoint.sh"]\nCMD ["node", "app.js"]'

// Debian's sh is dash, which starts a command in a process of its own, also where it is the last one.
describeContainers('a container whose PID 1 is dash', () => {
  test.for([
    ['the shell form of CMD', 'CMD node app.js', ''],
    ['an entrypoint script without exec', WITH_SCRIPT, '"$@"'],
  ] as const)(
    '%s: the signal is swallowed, no hook runs, and it is killed when the time is over',
    async ([, dockerfile, lastLine], { image }) => {
      const files = { 'app.js': APP, 'entrypoint.sh': script(lastLine) }
      const container = await image.run({ dockerfile, files })
      await container.says('ready')
      const { code, elapsed, stdout } = await container.stop({ time: 2 })
      expect(stdout).toMatch(/^I am [^1]\d*\nready\n$/)
      expect(elapsed).toBeGreaterThanOrEqual(2000)
      expect(code).toBe(137)
    },
  )

  test('docker stop takes the whole 10 s that it grants by default', async ({ image }) => {
    const container = await image.run({ dockerfile: 'CMD node app.js', files: { 'app.js': APP } })
    await container.says('ready')
    const { code, elapsed, stdout } = await container.stop()
    expect(stdout).not.toContain('pool closed')
    expect(elapsed).toBeGreaterThanOrEqual(10_000)
    expect(code).toBe(137)
  })
})

describeContainers('a container in which nothing stays before the application', () => {
  test.for([
    ['the exec form of CMD', 'CMD ["node", "app.js"]'],
    ['the shell form with exec', 'CMD exec node app.js'],
    ['an entrypoint script that ends with exec "$@"', WITH_SCRIPT],
    // bash becomes its last command where it can, and so does the sh of busybox.
    ['the shell form with bash', 'SHELL ["/bin/bash", "-c"]\nCMD node app.js'],
  ] as const)(
    '%s: the application is PID 1, its hooks run, and the code is 0',
    async ([, dockerfile], { image }) => {
      const files = { 'app.js': APP, 'entrypoint.sh': script('exec "$@"') }
      const container = await image.run({ dockerfile, files })
      await container.says('ready')
      const { code, stdout } = await container.stop()
      expect(stdout).toBe(`${IS_PID_1}pool closed\n`)
      expect(code).toBe(0)
    },
  )
})

// Its PID 1 forwards a signal to its child alone, and takes everybody with it when that ends.
describeContainers('docker run --init', () => {
  test('the shell form: dash heeds the signal, and the application is killed at once; the code is 143', async ({
    image,
  }) => {
    const container = await image.run({
      dockerfile: 'CMD node app.js',
      files: { 'app.js': APP },
      args: ['--init'],
    })
    await container.says('ready')
    const { code, elapsed, stdout } = await container.stop()
    expect(stdout).not.toContain('pool closed')
    expect(elapsed).toBeLessThan(10_000)
    expect(code).toBe(143)
  })

  test('the shell form with exec: the hooks run, and the code is 0', async ({ image }) => {
    const container = await image.run({
      dockerfile: 'CMD exec node app.js',
      files: { 'app.js': APP },
      args: ['--init'],
    })
    await container.says('ready')
    const { code, stdout } = await container.stop()
    expect(stdout).toMatch(/^I am [^1]\d*\nready\npool closed\n$/)
    expect(code).toBe(0)
  })
})
