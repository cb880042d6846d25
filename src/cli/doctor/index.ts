import { examine } from './examine.ts'
import { formatExamination, type OutputOptions } from './output.ts'

export interface DoctorOptions extends OutputOptions {
  /** The grace of the application, in milliseconds; `undefined` to take it from its sources. */
  readonly grace: number | undefined
  readonly json: boolean
  /** Whether warnings count as errors. */
  readonly strict: boolean
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
    ? jsonOf({ version: 1, ...examination, exitCode: code })
    : formatExamination(examination, options)
  return { text, code }
}

/** JSON, also without the control characters that `JSON.stringify()` lets through. */
function jsonOf(value: object): string {
  const codeOf = (character: string) => `\\u00${character.charCodeAt(0).toString(16)}`
  return JSON.stringify(value, null, 2).replace(/[\u007f-\u009f]/g, codeOf)
}
