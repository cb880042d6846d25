export { createShutdown, detectPlatform } from './create-shutdown.ts'
export {
  type Diagnosis,
  type DiagnosisFinding,
  type DiagnosisId,
  diagnose,
  formatDiagnosis,
  type OtherListener,
  type ProcessSignals,
  type SignalListeners,
} from './diagnose.ts'
export type { Duration } from './duration.ts'
export { AbortError, LastcallError, type LastcallErrorCode, TimeoutError } from './errors.ts'
export type { EventMap, EventOf, ShutdownEvent } from './events.ts'
export type { ExitCodes } from './exit-code.ts'
export type { DisposableResource, Hook, HookContext, Hooks } from './hook.ts'
export type { ProcessInfo, ProcessKind } from './living.ts'
export type { Logger, LogOptions } from './log.ts'
export { PHASES, type Phase, type PhaseName, type PhaseOption } from './phases.ts'
export { formatPlan, type Plan, type PlannedHook, type PlannedPhase } from './plan.ts'
export type { Platform, PlatformGuess, PlatformName } from './platform.ts'
export type { ErrorInfo, Fault, FaultOrigin, Reason } from './reason.ts'
export type {
  Hang,
  HookReport,
  HookStatus,
  Outcome,
  PhaseReport,
  Report,
  RunningHook,
} from './report.ts'
export type { Shutdown, ShutdownOptions } from './shutdown.ts'
export { type FormatOptions, formatReport } from './timeline.ts'
export type { HookTrace, PhaseTrace, RunTrace } from './tracing.ts'
export type { SignalOptions } from './triggers/signals.ts'
