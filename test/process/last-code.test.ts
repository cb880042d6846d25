import { expect, test } from 'vitest'
import { Script, shutdownScript } from '../support/programs/script.ts'

const FAILS = `shutdown.add({ name: 'events', phase: 'flush', run() { throw new Error('not sent') } })`
const LATE = `shutdown.on('end', () => void Promise.resolve().then(() => { throw new Error('late') }))`
/** A logger whose flush takes a while, and in whose flush something happens. */
const whileFlushing = (code: string) => `
  const text = (fields, message) => process.stderr.write(message + '\\n')
  const flush = (done) => { ${code}; setTimeout(done, 50) }
  logger = { info: text, warn: text, error: text, flush }
`
const onExit = (code: string) => `process.on('exit', () => { ${code} })`
/** Added when the shutdown has begun, so that it is called after the library's own listener. */
const onExitLater = (code: string) => `shutdown.on('start', () => ${onExit(code)})`

/** The code, and the end of the last line that says one. */
async function end(body: string, options = '{}') {
  const [, logger = ''] = body.split('//logger')
  const code = `let logger\n${logger}\n${shutdownScript(body.replace(logger, ''), `{ log: logger ?? 'text', ...${options} }`)}`
  // The imports of the script come first in any case.
  const script = new Script(code)
  await script.says('ready')
  const ended = await script.send('SIGTERM').ended
  const said = [...ended.stderr.matchAll(/exiting with code (\d+)/g)].map(([, digits]) =>
    Number(digits),
  )
  return { code: ended.code, said: said.at(-1), stderr: ended.stderr }
}

test.each([
  ['a clean end', '', 0],
  ['a hook failed', FAILS, 1],
  ["the application's own code", 'process.exitCode = 3', 3],
  ["the application's own code, of which the kernel keeps 8 bits", 'process.exitCode = 259', 3],
  [
    "the application's own code, set in a listener of the end",
    `shutdown.on('end', () => { process.exitCode = 4 })`,
    4,
  ],
  ["the application's own code, and a hook failed", `${FAILS}; process.exitCode = 3`, 1],
  [
    'process.exit(0) of another listener, and a hook failed',
    `${FAILS}; shutdown.on('end', () => process.exit(0))`,
    1,
  ],
  ['process.exit(5) of another listener', `shutdown.on('end', () => process.exit(5))`, 5],
  [
    'process.exit(5) of another listener, and a hook failed',
    `${FAILS}; shutdown.on('end', () => process.exit(5))`,
    1,
  ],
  [
    'process.exit(0) while a logger flushes, and a hook failed',
    `${FAILS} //logger ${whileFlushing('setTimeout(() => process.exit(0), 10)')}`,
    1,
  ],
  [
    'a rejection while a logger flushes',
    `//logger ${whileFlushing("void Promise.reject(new Error('late'))")}`,
    1,
  ],
  [
    'an exception while a logger flushes',
    `//logger ${whileFlushing("setTimeout(() => { throw new Error('late') }, 10)")}`,
    1,
  ],
  ['a rejection between the end and the exit', LATE, 1],
  [
    'a listener of the event exit throws',
    `shutdown.on('exit', () => { throw new Error('late') })`,
    1,
  ],
  [
    'an exit listener throws',
    onExit(`if (!globalThis.thrown) { globalThis.thrown = true; throw new Error('late') }`),
    1,
  ],
  ['an exit listener sets 0, and a hook failed', `${FAILS}; ${onExit('process.exitCode = 0')}`, 1],
  [
    'a later exit listener sets 0, and a hook failed',
    `${FAILS}; ${onExitLater('process.exitCode = 0')}`,
    1,
  ],
  ['an exit listener sets 5', onExit('process.exitCode = 5'), 5],
  ['a later exit listener sets 5', onExitLater('process.exitCode = 5'), 5],
  [
    'a later exit listener sets 5, and a hook failed',
    `${FAILS}; ${onExitLater('process.exitCode = 5')}`,
    1,
  ],
  [
    "an exit listener sets undefined, after the application's own code",
    `process.exitCode = 3; ${onExitLater('process.exitCode = undefined')}`,
    3,
  ],
])('the code that the log says is the code that the parent sees: %s', async (_, body, code) => {
  const ended = await end(body)
  expect(ended).toMatchObject({ code, said: code })
})

test.each([
  ['clean', '', 70],
  ['failed', FAILS, 71],
])('also where the application has chosen it: %s', async (_, body, code) => {
  const options = '{ exitCodes: { clean: 70, failed: 71 } }'
  const later = onExitLater('process.exitCode = 0')
  expect(await end(`${body}; ${later}`, options)).toMatchObject({ code, said: code })
})

test('a forced exit keeps its code, whatever exit listeners do', async () => {
  const script = new Script(
    shutdownScript(
      `
      shutdown.add({ name: 'hung', phase: 'drain', run: () => new Promise(() => {}) })
      shutdown.on('start', () => { say('started'); ${onExit('process.exitCode = 0')} })
    `,
      `{ signals: { samePressWithin: 0 }, log: 'text' }`,
    ),
  )
  await (await script.says('ready')).send('SIGINT').says('started')
  const ended = await script.send('SIGINT').ended
  expect(ended.code).toBe(130)
  expect(ended.stderr).toContain('with code 130')
})
