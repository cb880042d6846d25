/**
 * What people write for a name: other packages call it so. Lower case, without separators. The first name in
 * the table that is known where the word was written is suggested.
 */
const SYNONYMS: Readonly<Record<string, string>> = {
  grace:
    'graceperiod timeout terminationgraceperiod terminationgraceperiodseconds stoptimeout killtimeout shutdowntimeout forceexittimeout deadline',
  log: 'logger logging loglevel verbose',
  run: 'handler fn func callback action execute onshutdown cleanup close',
  stopWait: 'timeout killtimeout grace graceperiod stoptimeout',
  timeout: 'deadline limit maxtime grace stopwait',
  instances: 'count replicas workers',
  command: 'cmd exec script file',
  readyz: 'readiness readinesspath',
  livez: 'liveness livenesspath health healthz',
  ready: 'check oncheck',
  health: 'healthcheck healthchecks probes',
  on: 'start listen',
  forceOn: 'force',
  signals: 'signal onsignal',
  faults: 'errors uncaughtexception unhandledrejection',
  exitCodes: 'exitcode codes',
  exit: 'exitprocess processexit forceexit',
  end: 'finish finished done complete completed close closed stopped',
  start: 'begin shutdown starting sigterm',
  fault: 'error crash uncaughtexception',
  warn: 'warning',
  debug: 'trace verbose',
  info: 'log notice',
  clean: 'success ok',
  forced: 'force killed',
  close: 'shutdown cleanup teardown disconnect end database',
  stop: 'workers consumers jobs',
  drain: 'http server requests',
}

/** The known name that was probably meant. */
export function likelyName(given: unknown, known: readonly string[]): string | undefined {
  if (typeof given !== 'string') return undefined
  const word = plain(given)
  const isSame = (name: string) =>
    plain(name) === word || (name.startsWith('SIG') && `sig${plain(name)}` === word)
  const isSynonym = (name: string) =>
    Object.hasOwn(SYNONYMS, name) && SYNONYMS[name]?.split(' ').includes(word)
  const exact =
    known.find(isSame) ??
    Object.keys(SYNONYMS).find((name) => known.includes(name) && isSynonym(name))
  if (exact !== undefined) return exact
  const most = Math.min(2, Math.floor(word.length / 3))
  const near = known
    .map((name) => ({ name, edits: editsBetween(word, plain(name)) }))
    .sort((a, b) => a.edits - b.edits)[0]
  return near && near.edits <= most ? near.name : undefined
}

function plain(name: string): string {
  return name
    .slice(0, 40)
    .replace(/^SIG/, '')
    .toLowerCase()
    .replace(/[\s_-]/g, '')
}

/** How many letters were added, left out, replaced or swapped with their neighbour. */
function editsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= a.length; i++) {
    rows.push([i])
    for (let j = 1; j <= b.length; j++) {
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const edits = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      )
      rows[i]?.push(edits)
    }
  }
  return at(a.length, b.length)
}
