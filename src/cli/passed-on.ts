/** These end the program: when the grace is over after one of them, it is killed. */
export const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGQUIT']

/** These mean what the program makes of them. */
export const OTHER_SIGNALS: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGALRM',
  'SIGPWR',
]

/** The signals that are passed on to one program. */
export const PASSED_ON: readonly NodeJS.Signals[] = [...STOP_SIGNALS, ...OTHER_SIGNALS]
