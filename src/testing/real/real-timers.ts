import { Writable } from 'node:stream'
import { LastcallError } from '../../base/errors.ts'
import { systemClock } from '../../runtime/clock.ts'
import { settle } from '../node/settle.ts'

/**
 * Refuses fake timers that would let the stop hang: Node's child processes need the real
 * `process.nextTick()`, and limits need real timers.
 *
 * @throws LastcallError `LASTCALL_FAKE_TIMERS`
 */
export async function needRealTimers(): Promise<void> {
  let hasTicked = false
  // A stream, because Node's own code is what needs it: jest replaces that of the test only.
  new Writable().end(() => {
    hasTicked = true
  })
  let hasFired = false
  const timer = systemClock.setTimeout(() => {
    hasFired = true
  }, 1)
  // Blocks: every other way to wait may be fake.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
  // Node needs a turn or two of its loop. In Bun a message may come many times before a timer.
  for (let turn = 0; turn < 1000 && !(hasTicked && hasFired); turn++) await settle()
  systemClock.clearTimeout(timer)
  if (!hasTicked) {
    throw fake(
      'process.nextTick() is fake, and the child processes of Node need it',
      "Leave it out of what they replace, for example sinon.useFakeTimers({ toFake: ['setTimeout', 'Date'] }), or restore the timers before",
    )
  }
  if (!hasFired) {
    throw fake(
      'the timers of node:timers were fake when lastcall/testing was loaded',
      'Load lastcall/testing before you install the fake timers',
    )
  }
}

function fake(why: string, fix: string): LastcallError {
  return new LastcallError(
    'LASTCALL_FAKE_TIMERS',
    `A real program cannot be stopped on these fake timers: ${why}. ${fix}.`,
  )
}
