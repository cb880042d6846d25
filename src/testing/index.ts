export {
  expectBefore,
  expectCutOff,
  expectOrder,
  expectTimeFor,
  expectTogether,
} from './assertions.ts'
export type { AdvanceTimers } from './fake-timers-clock.ts'
export { type ShutdownMatchers, shutdownMatchers } from './matchers.ts'
export { createTestShutdown, type TestShutdown, type TestShutdownOptions } from './test-shutdown.ts'
export type { HookOrder } from './verdicts.ts'
