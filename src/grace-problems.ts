import { formatDuration } from './base/duration.ts'
import type { Settings } from './options.ts'
import { grantedBy, isRecognised } from './platform/platform.ts'
import type { ProcessPort } from './runtime/process.ts'

/** What is wrong with the grace that the environment has set. It is used as far as it goes. */
export function graceProblems(
  { budget, graceFrom, platform }: Pick<Settings, 'budget' | 'graceFrom' | 'platform'>,
  { LASTCALL_GRACE = '' }: ProcessPort['env'],
): string[] {
  if (graceFrom === 'option') return []
  const { grace, margin, wantedMargin } = budget
  const problems: string[] = []
  if (LASTCALL_GRACE !== '' && !isRecognised(platform, 'lastcall')) {
    problems.push(
      `LASTCALL_GRACE is '${LASTCALL_GRACE.slice(0, 40)}', which is no duration: the grace is ${formatDuration(grace)} (${grantedBy(platform)}). Write milliseconds, or a duration such as 30s.`,
    )
  }
  if (wantedMargin !== undefined) {
    problems.push(
      `The grace of ${formatDuration(grace)} (${grantedBy(platform)}) is too short for a margin of ${formatDuration(wantedMargin)}: the hooks have ${formatDuration(budget.deadline)}, and ${formatDuration(margin)} are kept for the exit. Grant a longer one.`,
    )
  }
  return problems
}
