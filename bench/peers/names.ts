/** The baseline for the others. */
export const BARE = 'no handler'

/** All that bench/peers/contestants.mjs knows, lastcall last. */
export const CONTESTANTS = [
  BARE,
  'server.close()',
  'http-terminator',
  'stoppable',
  'http-graceful-shutdown',
  'terminus',
  'lightship',
  'close-with-grace',
  'lastcall',
]

/** Those that are packages, by the name that they are installed and imported by. */
export const PACKAGES = [
  'http-terminator',
  'stoppable',
  'http-graceful-shutdown',
  '@godaddy/terminus',
  'lightship',
  'close-with-grace',
]
