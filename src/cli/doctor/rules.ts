/** What a finding means: `error` if the stop breaks, `warning` if it may break. */
export type Severity = 'error' | 'warning'

/**
 * The table of rules, each with its severity. An examiner may report another severity at some places.
 * docs/reference.md has a row for each rule.
 */
export const RULES = {
  // What is between the platform and the application: `launch/`.
  'shell-in-front': 'error',
  'script-without-exec': 'error',
  'npm-in-front': 'error',
  'watcher-in-front': 'error',
  'daemon-in-front': 'error',
  'several-programs': 'error',
  // What several kinds of files have: `kinds/parts/`.
  'stop-signal-unheard': 'error',
  'grace-too-short': 'error',
  // Kubernetes.
  'prestop-too-long': 'error',
  'prestop-not-run': 'error',
  'readiness-missing': 'warning',
  'readiness-too-slow': 'warning',
  'liveness-is-readiness': 'warning',
  // systemd.
  'kill-mode': 'error',
  'hangup-sent': 'error',
  'exec-stop-kills': 'error',
  'type-forking': 'error',
  'exit-code-unclean': 'warning',
  // PM2.
  'message-unheard': 'error',
  'treekill-off': 'error',
  'ready-never-said': 'warning',
} as const satisfies Record<string, Severity>

export type RuleId = keyof typeof RULES
