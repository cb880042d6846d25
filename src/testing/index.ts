export {
  expectBefore,
  expectCleanEnd,
  expectCutOff,
  expectEndWithin,
  expectOrder,
  expectPlanFits,
  expectTimeFor,
  expectTogether,
} from './assertions.ts'
export type { CleanEndOptions, HookOrder, OrderOptions } from './checks.ts'
export type { AdvanceTimers } from './fake-timers-clock.ts'
export { type ShutdownMatchers, shutdownMatchers } from './matchers.ts'
export type { Command } from './real/command.ts'
export {
  crashLikeOutOfMemory,
  crashLikeUncaughtException,
  crashLikeUnhandledRejection,
} from './real/crash.ts'
export { stopLikeCtrlC } from './real/ctrl-c.ts'
export { stopLikeDocker } from './real/docker.ts'
export type { Environment } from './real/environment.ts'
export { type KubernetesOptions, stopLikeKubernetes } from './real/kubernetes.ts'
export type { RunningProgram, StopOptions, Stopped } from './real/options.ts'
export { type Pm2Options, stopLikePm2 } from './real/pm2.ts'
export type { PreStop } from './real/pre-stop.ts'
export { stopLikeSystemd } from './real/systemd.ts'
export { createTestShutdown, type TestShutdown, type TestShutdownOptions } from './test-shutdown.ts'
