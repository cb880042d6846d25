export interface JsonLogLine {
  /** A `Level` of the log. */
  readonly level: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly pid: number
  readonly fields: Readonly<Record<string, unknown>>
  readonly msg: string
}

/**
 * The JSON of a log line. The log, the watchdog's thread and the exit guard all write this. The thread
 * runs the source text of this function, so the function uses nothing from outside itself.
 */
export function logJson({ level, time, pid, fields, msg }: JsonLogLine): string {
  const isoTime = new Date(time).toISOString()
  return `${JSON.stringify({ level, time: isoTime, pid, name: 'lastcall', ...fields, msg })}\n`
}
