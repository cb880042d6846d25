import { formatDuration } from './base/duration.ts'
import type { Hook } from './engine/hook.ts'
import type { Settings } from './options.ts'
import { grantedBy, isRecognised } from './platform/platform.ts'
import type { ProcessPort } from './runtime/process.ts'
import type { ShutdownOptions } from './shutdown.ts'

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

/** A number below this was probably meant as seconds. A string such as '5ms' has its unit. */
const LEAST = { grace: 1000, margin: 100, timeout: 100, reserve: 100 }

/** What is suspicious about the numbers of `createShutdown()`. */
export function shortBudget({ grace, margin }: ShutdownOptions): string[] {
  return problems({ grace, margin }, 'createShutdown()')
}

/** What is suspicious about the numbers of a hook. */
export function shortTimes({ name, timeout, reserve }: Hook): string[] {
  return problems({ timeout, reserve }, `hook '${name}'`)
}

function problems(times: Partial<Record<keyof typeof LEAST, unknown>>, of: string): string[] {
  return Object.entries(times).flatMap(([option, value]) => {
    const isShort = typeof value === 'number' && value > 0 && value < LEAST[option as 'grace']
    if (!isShort) return []
    return `\`${option}\` of ${of} is ${value} ms, because a number is milliseconds. For seconds write '${value}s'; if you mean milliseconds, write '${value}ms'.`
  })
}
