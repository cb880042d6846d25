import { inCall, invalidOption, refusal } from './base/errors.ts'
import { Coordinator } from './engine/coordinator.ts'
import { hooksToAdd } from './engine/hooks-to-add.ts'
import { prepareHook } from './engine/prepare-hook.ts'
import { Registry } from './engine/registry.ts'
import { ProcessExit } from './exit/exit.ts'
import { exitCodeOf } from './exit/exit-codes.ts'
import { Watchdog } from './exit/watchdog/watchdog.ts'
import { graceProblems, shortBudget, shortTimes } from './grace-problems.ts'
import { listener } from './listening.ts'
import { speakingFor } from './observe/log.ts'
import { logEvents } from './observe/log-events.ts'
import { traceEvents } from './observe/tracing.ts'
import { type Ports, readOptions } from './options.ts'
import { guessPlatform, type Platform } from './platform/platform.ts'
import { beforePoll, systemClock } from './runtime/clock.ts'
import { systemProcess } from './runtime/process.ts'
import { callAfterHooks } from './runtime/shared-hooks.ts'
import type { Shutdown, ShutdownOptions } from './shutdown.ts'
import { ListenReminder } from './triggers/listen-reminder.ts'

/**
 * Creates the shutdown of an application. It does nothing until `listen()` or `now()` is called.
 *
 * @example
 * const shutdown = createShutdown({ grace: '10s' })
 * shutdown.add('postgres', () => pool.end())
 * shutdown.listen()
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION` or `LASTCALL_SIGNAL_REFUSED`
 */
export function createShutdown(options: ShutdownOptions = {}): Shutdown {
  return inCall('createShutdown()', () =>
    assemble(options, { host: systemProcess, clock: systemClock }),
  )
}

/**
 * Detects the platform that the process runs on, and the time that it grants between the stop signal and
 * SIGKILL. Reads environment variables. Of several recognised platforms, the shortest time counts.
 *
 * @example
 * detectPlatform() // { name: 'kubernetes', grace: 30000, because: 'KUBERNETES_SERVICE_HOST is set', also: [] }
 */
export function detectPlatform(): Platform {
  return guessPlatform(systemProcess)
}

/** Creates a shutdown that works with this process and this clock. */
export function assemble(options: ShutdownOptions, ports: Ports): Shutdown {
  const { host, clock } = ports
  const settings = readOptions(options, ports)
  const { platform, budget, graceFrom, phases, exitCodes: policy, exit } = settings
  let exiting: ProcessExit | undefined
  const log = speakingFor(settings.log, () => settings.name ?? exiting?.number)

  const warn = (event: string, msg: string) => log.write({ level: 'warn', fields: { event }, msg })
  // What the environment grants must not keep the application from starting.
  const registry = new Registry(phases, budget, (problem) => {
    if (graceFrom === 'option') throw refusal('LASTCALL_RESERVES_TOO_LARGE', problem)
    warn('reserves:oversized', problem)
  })
  for (const problem of graceProblems(settings, host.env)) warn('grace', problem)
  const warnOfMilliseconds = (problems: readonly string[]) => {
    if (host.isTestRun) return
    for (const problem of problems) warn('milliseconds', problem)
  }
  warnOfMilliseconds(shortBudget(options))
  const coordinator = new Coordinator({
    watch: () => exiting?.watch(),
    registry,
    budget,
    platform,
    clock,
    exitCode(outcome, reason, isUndelivered) {
      const how = outcome === 'clean' && isUndelivered ? 'undelivered' : outcome
      const code = exitCodeOf(how, reason, policy, host.exitCode)
      return exiting?.codeAfter(outcome, code) ?? { exitCode: code }
    },
    resources: () => host.activeResources(),
    sharedHooks: host.sharedHooks,
  })
  // Listeners are called in the order in which they were added. The log comes first, so that its lines
  // precede what the application writes.
  logEvents(coordinator, log, { ...settings, sharedShutdowns: host.sharedShutdowns, exit })
  const tracing = traceEvents(coordinator, platform)
  if (exit) {
    const isWanted = settings.watchdog
    const watchdog = new Watchdog(coordinator, { host, clock, budget, log, isWanted })
    const stay = () => listening.stop()
    const parts = { host, clock, budget, policy, log, tracing, watchdog, stay }
    exiting = new ProcessExit(coordinator, parts)
  }
  const listening = listener(coordinator, { ...settings, log }, ports, exiting)
  if (!exiting) {
    coordinator.on('end', () => {
      // The process lives on. Without our listeners, the next signal ends it.
      listening.stop()
      const { sharedHooks } = host
      if (sharedHooks.shutdowns.size === 0) beforePoll(() => void callAfterHooks(sharedHooks))
    })
  }

  const reminder = new ListenReminder(clock, log)
  // Without signals to hear, the application means to call now().
  if (!exit || host.isTestRun || settings.signals.on.length === 0) reminder.stop()
  coordinator.on('start', () => reminder.stop())

  return {
    add(...given: readonly unknown[]) {
      return inCall('add()', () => {
        const hooks = hooksToAdd(given, registry.isTaken)
        const prepared = hooks.map((hook) => tracing.wrap(prepareHook(hook, phases)))
        const remove = coordinator.add(prepared)
        warnOfMilliseconds(hooks.flatMap(shortTimes))
        reminder.added(hooks.length)
        return remove
      })
    },
    listen(...given: readonly unknown[]) {
      return inCall('listen()', () => {
        if (given.length > 0) {
          const fix = 'For other signals write createShutdown({ signals }).'
          throw invalidOption('arguments', 'none', given[0], fix)
        }
        const stop = listening.start()
        reminder.stop()
        return stop
      })
    },
    now(note) {
      if (note !== undefined && typeof note !== 'string') {
        throw inCall('now()', () => invalidOption('reason', 'a string, or nothing', note))
      }
      return coordinator.begin({ kind: 'call', note: note ?? null })
    },
    plan: () => coordinator.plan(),
    on: (name, listener) => inCall('on()', () => coordinator.on(name, listener)),
    get signal() {
      return coordinator.signal
    },
    get report() {
      return coordinator.report
    },
    platform,
  }
}
