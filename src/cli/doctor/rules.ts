/** What a finding means: `error` where the stop breaks, `warning` where it may. */
export type Severity = 'error' | 'warning'

/** Every rule, with how bad it is unless the place says otherwise. docs/reference.md has a row for each. */
export const RULES = {
  'shell-in-front': 'error',
  'script-without-exec': 'error',
  'npm-in-front': 'error',
  'watcher-in-front': 'error',
  'daemon-in-front': 'error',
  'several-programs': 'error',
  'stop-signal-unheard': 'error',
  'grace-too-short': 'error',
  'prestop-too-long': 'error',
  'prestop-not-run': 'error',
  'readiness-missing': 'warning',
  'readiness-too-slow': 'warning',
  'liveness-is-readiness': 'warning',
  'kill-mode': 'error',
  'hangup-sent': 'error',
  'exec-stop-kills': 'error',
  'type-forking': 'error',
  'exit-code-unclean': 'warning',
  'message-unheard': 'error',
  'treekill-off': 'error',
  'ready-never-said': 'warning',
} as const satisfies Record<string, Severity>

export type RuleId = keyof typeof RULES
