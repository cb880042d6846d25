import { expect, test } from 'vitest'
import { virtualShutdown } from '../support/hooks/virtual.ts'

/** A shutdown in which a hook says that a client did not take all, and what the process exits with. */
async function end(exitCodes: object, more: 'debug' | 'error' | 'undelivered' = 'undelivered') {
  const { shutdown, process, clock } = virtualShutdown({ exitCodes })
  shutdown.add({ name: 'http', phase: 'drain', run: ({ note }) => note('2.8 MB not taken', more) })
  void shutdown.now()
  await clock.advance(1)
  return { code: process.exits[0], outcome: shutdown.report?.outcome, output: process.output }
}

test('what a client did not take changes no code, and is an error in the log', async () => {
  const ended = await end({})
  expect(ended).toMatchObject({ code: 0, outcome: 'clean' })
  expect(ended.output).toContain("hook 'http': 2.8 MB not taken")
})

test('it gives the code that the application has chosen for it, and the outcome stays clean', async () => {
  const ended = await end({ undelivered: 75 })
  expect(ended).toMatchObject({ code: 75, outcome: 'clean' })
  expect(ended.output).toContain('exiting with code 75 (a peer did not take all that was for it)')
})

test('other errors that a hook notes do not', async () => {
  expect(await end({ undelivered: 75 }, 'error')).toMatchObject({ code: 0, outcome: 'clean' })
})
