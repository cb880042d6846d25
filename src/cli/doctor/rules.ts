/** What a finding means: `error` if the stop breaks, `warning` if it may break. */
export type Severity = 'error' | 'warning'

/**
 * The rules with their severities. An examiner may report a rule with another severity.
 * docs/reference/command-line.md has a row for each rule.
 */
export const RULES = {
  // Obstacles between platform and application: `launch/`.
  'shell-in-front': 'error',
  'script-without-exec': 'error',
  'npm-in-front': 'error',
  'watcher-in-front': 'error',
  'daemon-in-front': 'error',
  'several-programs': 'error',
  // The sources of the application: `application/`.
  'listen-forgotten': 'error',
  // For several kinds of files: `kinds/parts/`.
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
