import { execFileSync, spawnSync } from 'node:child_process'

const isMissing = spawnSync('patch', ['--version']).error !== undefined

/** Whether `patch` is missing. With `CI` set, its tests then fail instead of being skipped. */
export const isSkipped = isMissing && !process.env.CI

/** The end of a test's name. It says what is missing if the test is skipped. */
export const needed = isSkipped ? ' (needs patch)' : ''

/** Applies a diff with `patch`, and returns its output. */
export function patch(directory: string, diff: string | undefined): string {
  const options = { cwd: directory, input: diff ?? '', encoding: 'utf8' } as const
  return execFileSync('patch', ['-p1', '--fuzz=0'], options)
}
