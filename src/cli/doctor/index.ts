import { examine } from './examine.ts'
import { formatExamination } from './output.ts'

export interface DoctorOptions {
  /** The grace of the application, in milliseconds; `undefined` to take it from its sources. */
  readonly grace: number | undefined
  readonly json: boolean
  /** Whether warnings count as errors. */
  readonly strict: boolean
  readonly colour: boolean
}

/** The exit codes of `lastcall doctor`. */
const EXIT_CODES = { sound: 0, findings: 1, unread: 2 } as const

/** Examines a deployment. Returns the text to print and the exit code. */
export function doctor(target: string, options: DoctorOptions): { text: string; code: number } {
  const examination = examine(target, { grace: options.grace })
  const { findings, unread, looked } = examination
  const counts = findings.filter(({ severity }) => options.strict || severity === 'error').length
  const isUnread = unread.length > 0 || looked.length === 0
  const code = counts > 0 ? EXIT_CODES.findings : isUnread ? EXIT_CODES.unread : EXIT_CODES.sound
  const text = options.json
    ? JSON.stringify({ version: 1, ...examination, exitCode: code }, null, 2)
    : formatExamination(examination, options.colour)
  return { text, code }
}
