import type { Rule } from './scenario.ts'

// The table of exit codes, as far as these storms go.

/** The default of `samePressWithin`. */
export const SAME_PRESS = 100

export const clean: Rule = () => [0]
export const failed: Rule = () => [1]
export const cutOff: Rule = () => [124]
/** By its own hand at the last moment, or by itself just before. */
export const endedInTime: Rule = ({ said }) => [said('the event loop is slow') ? 'SIGKILL' : 124]
export const forcedOrClean: Rule = ({ said }) => [said('forced by SIGINT') ? 130 : 0]
/** A second SIGINT is the same press if it was sent in time, however late it is heard. */
export const samePress: Rule = (what) => {
  const [one, two] = what.dealt
  return one && two && two.until - one.from >= SAME_PRESS ? forcedOrClean(what) : [0]
}
/** Nobody can have a fault in a process that has left before it was asked for one. */
export const faultIfThrown: Rule = ({ said }) => [said('fault thrown') ? 1 : 0]
/** Before `shutdown.listen()` the kernel ends the process; from then on it never does. */
export const byTheKernelBeforeListen: Rule = ({ said, dealt }) => {
  if (said('listens to signals')) return [0]
  const [blow] = dealt
  return blow?.what === 'SIGTERM' || blow?.what === 'SIGINT' ? [blow.what] : []
}
