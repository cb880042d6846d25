import { expect } from 'vitest'
import { shutdownScript } from '../support/programs/script.ts'
import { describeContainers, test } from './docker.ts'

const LASTCALL = '/app/node_modules/.bin/lastcall'

const APP = shutdownScript(`
  say(process.pid === 1 ? 'is PID 1' : 'has PID 1 above it')
  say('is granted ' + shutdown.platform.grace)
  shutdown.add({ name: 'pool', phase: 'close', run: () => say('pool closed') })
`)

/** A program that knows nothing of signals, and one that ends with a code of its own on SIGQUIT. */
const DEAF = `setInterval(() => {}, 1000); console.log('ready')`
const QUITS = `
  process.on('SIGQUIT', () => { console.log('quits'); process.exit(7) })
  ${DEAF}
`

const cmd = (...words: string[]) => `CMD ${JSON.stringify(words)}`

describeContainers('`lastcall run` as PID 1', () => {
  test('passes SIGTERM on, says what is granted, and ends with the code of the program', async ({
    image,
  }) => {
    const container = await image.run({
      dockerfile: cmd(LASTCALL, 'run', '--', 'node', 'app.js'),
      files: { 'app.js': APP },
    })
    await container.says('ready')
    const { code, stdout, stderr } = await container.stop()
    expect(stdout).toBe('has PID 1 above it\nis granted 9750\nready\npool closed\n')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test('rewrites a signal, and returns a code of the program that is not 0', async ({ image }) => {
    const container = await image.run({
      dockerfile: cmd(LASTCALL, 'run', '--signal', 'TERM=QUIT', '--', 'node', 'app.js'),
      files: { 'app.js': QUITS },
    })
    await container.says('ready')
    const { code, stdout } = await container.stop()
    expect(stdout).toBe('ready\nquits\n')
    expect(code).toBe(7)
  })

  test('has a program that does not listen to SIGTERM end by it at once: 143', async ({
    image,
  }) => {
    const container = await image.run({
      dockerfile: cmd(LASTCALL, 'run', '--', 'node', 'app.js'),
      files: { 'app.js': DEAF },
    })
    await container.says('ready')
    expect((await container.stop()).code).toBe(143)
  })

  test('kills what ignores SIGTERM before docker does, and says so: 137', async ({ image }) => {
    const container = await image.run({
      dockerfile: cmd(LASTCALL, 'run', '--grace', '2s', '--', 'node', 'app.js'),
      files: { 'app.js': `process.on('SIGTERM', () => {}); ${DEAF}` },
    })
    await container.says('ready')
    const { code, stderr } = await container.stop({ time: 2 })
    expect(stderr).toContain(`killed: child 'node'`)
    expect(code).toBe(137)
  })

  test('signals a shell alone, which dies without a word of the program under it; with --group both', async ({
    image,
  }) => {
    const under = async (...options: string[]) => {
      const container = await image.run({
        dockerfile: cmd(LASTCALL, 'run', ...options, '--', 'sh', '-c', 'node app.js; exit'),
        files: { 'app.js': APP },
      })
      await container.says('ready')
      return container.stop()
    }
    const [alone, group] = await Promise.all([under(), under('--group')])
    expect(alone.stdout).not.toContain('pool closed')
    expect(alone.code).toBe(143)
    expect(group.stdout).toContain('pool closed')
  })

  test('tells a command that does not exist, and ends with 127', async ({ image }) => {
    const container = await image.run({ dockerfile: cmd(LASTCALL, 'run', '--', 'no-such-program') })
    const { code, stderr } = await container.ended()
    expect(stderr).toBe(
      `lastcall: cannot be started: 'no-such-program' was not found, it is not in any folder of PATH\n`,
    )
    expect(code).toBe(127)
  })
})
