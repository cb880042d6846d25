import { expect, test } from 'vitest'
import { Script } from '../support/programs/script.ts'

const forgetful = (body: string) => `
  import { createShutdown } from 'lastcall'
  const shutdown = createShutdown({ log: 'text' })
  shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
  ${body}
`
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(NODE_ENV|VITEST.*|JEST_WORKER_ID|NODE_TEST_CONTEXT)$/.test(name),
  ),
)

test('a process that forgets listen() is reminded of it before a signal ends it', async () => {
  const script = new Script(forgetful('setInterval(() => {}, 1000)'), { env })
  await script.reports('listen() has not been called')
  expect(await script.send('SIGTERM').ended).toMatchObject({ code: null, signal: 'SIGTERM' })
}, 20_000)

test('the reminder keeps no process alive', async () => {
  expect(await new Script(forgetful(''), { env }).ended).toEqual({
    code: 0,
    signal: null,
    stdout: '',
    stderr: '',
  })
})
