import { execFileSync, spawnSync } from 'node:child_process'

const isMissing = spawnSync('patch', ['--version']).error !== undefined

/** Whether diffs can't be tried here; with `CI` set that is a failure, and not skipped. */
export const isSkipped = isMissing && !process.env.CI

/** The rest of a test's name: says what is missing where the test is skipped. */
export const needed = isSkipped ? ' (needs patch)' : ''

/** Applies a diff as a person would, and returns what patch says. */
export function patch(directory: string, diff: string | undefined): string {
  const options = { cwd: directory, input: diff ?? '', encoding: 'utf8' } as const
  return execFileSync('patch', ['-p1', '--fuzz=0'], options)
}
