import { describe, expect, test } from 'vitest'
import { Script, shutdownScript } from '../support/programs/script.ts'

const HOOK = `shutdown.add({ name: 'pool', phase: 'close', run: () => say('closed') })`
const REJECT = `setTimeout(() => void Promise.reject(new Error('refused')), 20)`
/** What Next, Nitro and Sentry do: they log it, and serve on. */
const HEARD = `process.on('unhandledRejection', () => say('heard'))`
const LEFT = "unhandledRejection: left to the application's own listener"

/** A process that rejects once, in which a listener says `heard`. */
function rejecting(body: string, options = '{}') {
  return new Script(
    shutdownScript(`${HOOK}\n${body}`, `{ log: { format: 'text' }, ...${options} }`),
  )
}

describe('an unhandled rejection', () => {
  test.each([
    ['before', `${HEARD}\n${REJECT}`],
    ['after listen()', `setTimeout(() => { ${HEARD} }, 10)\n${REJECT}`],
    ['once', `process.once('unhandledRejection', () => say('heard'))\n${REJECT}`],
  ])(
    'starts nothing where another listener was added %s: the process serves on, and ends with 0',
    async (_, body) => {
      const script = await rejecting(body).says('heard')
      const ended = await script.send('SIGTERM').ended
      expect(ended).toMatchObject({ code: 0, stdout: 'ready\nheard\nclosed\n' })
      expect(ended.stderr).toContain(`lastcall: ${LEFT}`)
      expect(ended.stderr).not.toContain('refused')
    },
  )

  test('is left to the others during the shutdown, too, and the log says it once', async () => {
    const script = await rejecting(`
      let heard = 0
      process.on('unhandledRejection', () => say('heard ' + ++heard))
      const reject = () => void Promise.reject(new Error('refused'))
      setTimeout(reject, 10)
      shutdown.add({ name: 'jobs', phase: 'stop', run: () => { reject(); return sleep(20) } })
    `).says('heard 1')
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stdout: 'ready\nheard 1\nheard 2\nclosed\n' })
    expect(ended.stderr.split(LEFT)).toHaveLength(2)
  })

  test('that two copies of the package leave to the others is said once, and so is one that begins both', async () => {
    const copies = (body: string) =>
      rejecting(`
        const { createRequire } = await import('node:module')
        const { createShutdown: copy } = createRequire(process.cwd() + '/x.js')('lastcall')
        copy({ log: 'text' }).listen()
        ${body}`)
    const left = await (await copies(`${HEARD}\n${REJECT}`).says('heard')).send('SIGTERM').ended
    expect(left.stderr.split(`lastcall: ${LEFT}`)).toHaveLength(2)
    const fault = await copies(REJECT).ended
    expect(fault.stderr.split('lastcall: unhandledRejection: Error: refused')).toHaveLength(2)
    expect(fault.stderr.match(/\b\d+ faults?$/gm)).toEqual(['1 fault', '1 fault'])
    expect(fault.stderr).toMatch(/^lastcall: exiting with code 1 \(unhandledRejection: refused\)$/m)
  })

  test.each([
    ['no other listener', REJECT],
    [
      'only another copy of the package',
      `const { createRequire } = await import('node:module')
       const { createShutdown: copy } = createRequire(process.cwd() + '/x.js')('lastcall')
       copy({ log: false }).listen()
       ${REJECT}`,
    ],
  ])('starts a shutdown where there is %s', async (_, body) => {
    const ended = await rejecting(body).ended
    expect(ended).toMatchObject({ code: 1, stdout: 'ready\nclosed\n' })
    expect(ended.stderr).toContain('unhandledRejection: Error: refused')
  })

  test("starts a shutdown in any case with unhandledRejection: 'always'", async () => {
    const options = `{ faults: { unhandledRejection: 'always' } }`
    const ended = await rejecting(`${HEARD}\n${REJECT}`, options).ended
    expect(ended).toMatchObject({ code: 1, stdout: 'ready\nheard\nclosed\n' })
  })
})

test('an uncaught exception starts a shutdown although others listen to it', async () => {
  const ended = await rejecting(`
    process.on('uncaughtException', () => say('heard'))
    setTimeout(() => { throw new Error('boom') }, 20)
  `).ended
  expect(ended).toMatchObject({ code: 1, stdout: 'ready\nheard\nclosed\n' })
})
