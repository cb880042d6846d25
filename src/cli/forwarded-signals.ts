/** These start the stop: the program is killed if it has not ended when the grace is over. */
export const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGQUIT']

/** Their meaning is up to the program. */
export const OTHER_SIGNALS: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGALRM',
  'SIGPWR',
]

/** The signals that are passed on to one program. */
export const FORWARDED_SIGNALS: readonly NodeJS.Signals[] = [...STOP_SIGNALS, ...OTHER_SIGNALS]
