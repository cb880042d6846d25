export type { Duration } from './base/duration.ts'
export { AbortError, LastcallError, type LastcallErrorCode, TimeoutError } from './base/errors.ts'
export type { Fault, FaultOrigin, Reason } from './base/reason.ts'
export type { ErrorInfo } from './base/thrown.ts'
export { createShutdown, detectPlatform } from './create-shutdown.ts'
export type { EventMap, EventOf, ShutdownEvent } from './engine/events.ts'
export type {
  Hook,
  HookContext,
  HookOptions,
  Hooks,
  Resource,
  ResourceOptions,
} from './engine/hook.ts'
export { PHASES, type Phase, type PhaseName, type PhaseOption } from './engine/phases.ts'
export { formatPlan, type Plan, type PlannedHook, type PlannedPhase } from './engine/plan.ts'
export type {
  Hang,
  HookReport,
  HookStatus,
  Outcome,
  PhaseReport,
  Report,
  RunningHook,
} from './engine/report.ts'
export type { ExitCodes } from './exit/exit-codes.ts'
export type { Logger, LogOptions } from './observe/log.ts'
export type { HookTrace, PhaseTrace, ShutdownTrace } from './observe/tracing.ts'
export { type FormatOptions, formatReport } from './picture/timeline.ts'
export {
  type Diagnosis,
  type DiagnosisFinding,
  type DiagnosisId,
  diagnose,
  formatDiagnosis,
  type ProcessSignals,
  type SignalListeners,
} from './platform/diagnose.ts'
export type { Platform, PlatformGuess, PlatformName } from './platform/platform.ts'
export type { ProcessInfo, ProcessKind } from './platform/process-info.ts'
export type { OtherListener } from './platform/signal-listeners.ts'
export type { Shutdown, ShutdownOptions } from './shutdown.ts'
export type { FaultOptions } from './triggers/faults.ts'
export type { SignalOptions } from './triggers/signals.ts'
