import { expect } from 'vitest'
import { describeContainers, test } from './docker.ts'

const CMD = `CMD ["/app/node_modules/.bin/lastcall", "run", "--config", "lastcall.config.json"]`

/** A program that takes 300 ms to end at its own signal, and says so last. */
const program = (name: string, signal: NodeJS.Signals) => `
  process.on('${signal}', () => {
    console.log('${name}: ${signal}')
    setTimeout(() => {
      console.log('${name}: all done')
      process.exit(0)
    }, 300)
  })
  setInterval(() => {}, 1000)
  console.log('${name}: ready')
`

const config = (...programs: object[]) => JSON.stringify({ grace: '10s', programs })
const web = { name: 'web', command: 'node', args: ['web.js'], stopSignal: 'SIGQUIT', priority: 20 }
const worker = { name: 'worker', command: 'node', args: ['worker.js'], priority: 10 }

const FILES = { 'web.js': program('web', 'SIGQUIT'), 'worker.js': program('worker', 'SIGTERM') }

describeContainers('a group of two programs in one container', () => {
  test('ends by their own signals, in order, and both write their last line', async ({ image }) => {
    const container = await image.run({
      dockerfile: CMD,
      files: { ...FILES, 'lastcall.config.json': config(web, worker) },
    })
    await Promise.all([container.says('web: ready'), container.says('worker: ready')])
    const { code, stdout } = await container.stop()
    const lines = stdout.trim().split('\n')
    expect(lines.slice(2)).toEqual([
      'web    | web: SIGQUIT',
      'web    | web: all done',
      'worker | worker: SIGTERM',
      'worker | worker: all done',
    ])
    expect(code).toBe(0)
  })

  test('under waits that add up to more than the grace is refused at the start, with the sum', async ({
    image,
  }) => {
    const container = await image.run({
      dockerfile: CMD,
      files: {
        ...FILES,
        'lastcall.config.json': config({ ...web, stopWait: '6s' }, { ...worker, stopWait: '5s' }),
      },
    })
    const { code, stdout, stderr } = await container.ended()
    expect(stderr).toContain(
      `lastcall.config.json: The reserves add up to 11 s (priority 300.001 ('web') 6 s + stop 5 s), more than the budget of 9 s (grace 10 s − margin 1 s)`,
    )
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' })
  })

  test('ends with the code of a program that is FATAL, so that docker starts it again', async ({
    image,
  }) => {
    const broken = {
      name: 'web',
      command: 'node',
      args: ['-e', 'process.exit(3)'],
      startRetries: 1,
    }
    const container = await image.run({
      dockerfile: CMD,
      args: ['--restart', 'on-failure:1'],
      files: {
        ...FILES,
        'lastcall.config.json': JSON.stringify({ exitOn: 'fatal', programs: [broken, worker] }),
      },
    })
    const { code, stdout, stderr, restarts } = await container.ended()
    expect(stderr).toContain(`'web' is FATAL: it ended with exit code 3`)
    expect(stdout).toContain('worker | worker: all done')
    expect({ code, restarts }).toEqual({ code: 3, restarts: 1 })
  })
})
