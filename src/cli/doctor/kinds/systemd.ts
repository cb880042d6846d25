import { quote } from 'shell-quote'
import { PLATFORMS } from '../../../platform/platforms.ts'
import { isProgram } from '../../../platform/programs.ts'
import type { ExamineContext } from '../examine-context.ts'
import { followCommand } from '../launch/command.ts'
import { baseOf, words } from '../launch/shell.ts'
import { systemdTime, wholeSeconds } from '../parse/durations.ts'
import type { SourceFile } from '../parse/source.ts'
import {
  readUnit,
  removeSetting,
  Service,
  type Setting,
  setSetting,
} from '../parse/systemd-unit.ts'
import type { Kind } from './kind.ts'
import { reportShortGrace } from './parts/grace.ts'
import { reportLaunch } from './parts/report-launch.ts'
import { checkStopSignal } from './parts/stop-signal.ts'

/** The default of TimeoutStopSec, in milliseconds: DefaultTimeoutStopSec. */
const DEFAULT_GRACE = PLATFORMS.systemd.grace

/** Examines how systemd starts and signals a service, and how long it waits for it. */
export const systemd: Kind = {
  name: 'systemd',
  noun: 'systemd unit',
  isPath: (path) => /\.service$/.test(path) || /\.service\.d\/[^/]+\.conf$/.test(path),
  group: unitsWithDropIns,
  examine: examineSystemd,
}

/** Each unit with its drop-ins, in the order in which systemd reads them. */
function unitsWithDropIns(paths: readonly string[]): Map<string, string[]> {
  const units = new Map(
    paths.filter((path) => path.endsWith('.service')).map((path) => [path, [] as string[]]),
  )
  for (const path of paths.filter((path) => path.endsWith('.conf'))) {
    const unit = path.replace(/\.d\/[^/]+$/, '')
    const dropIns = units.get(unit)
    if (dropIns) dropIns.push(path)
    else units.set(path, [])
  }
  return units
}

function examineSystemd(context: ExamineContext, dropIns: readonly SourceFile[]): void {
  const units = [context.file, ...dropIns].map((source) => ({ source, ...readUnit(source) }))
  for (const { source, settings, unknownLines } of units) {
    if (settings.length === 0) {
      context.reportUnread('it is not a systemd unit: it has no settings', null, source)
      return
    }
    const [first] = unknownLines
    if (first !== undefined) {
      const line = source.lineOf(first)
      context.reportUnread('this is neither a section nor a setting', line, source)
    }
  }
  const service = new Service(
    units.flatMap(({ settings }) => settings).filter(({ section }) => section === 'Service'),
  )
  const start = service.all('ExecStart').at(-1)
  if (!start) {
    // The unit of a drop-in may be elsewhere.
    if (dropIns.length === 0 && !context.file.path.endsWith('.conf')) {
      context.reportUnread('it has no ExecStart in a section [Service]')
    }
    return
  }
  const argv = commandOf(start)
  if (isForeignProgram(argv)) {
    context.note(`starts ${argv[0]}, which is not the application's own`)
    return
  }
  checkExecStart(service, start, argv, context)
  checkSignals(service, start, context)
  checkKillMode(service, start, context)
  checkExecStop(service, context)
  checkType(service, argv, context)
  checkExitCode(service, start, context)
  checkTimeoutStop(service, start, context)
}

/** The command without the special prefixes of systemd. */
function commandOf({ value }: Setting): string[] {
  return words(value.replace(/^[-@:+!|]+/, ''))
}

function isForeignProgram([program = '']: readonly string[]): boolean {
  return /^(nginx|redis-server|postgres|mysqld|docker|podman|docker-compose|caddy|haproxy|python3?|java|ruby|php.*|gunicorn|uvicorn)$/.test(
    baseOf(program),
  )
}

function checkExecStart(
  service: Service,
  start: Setting,
  argv: string[],
  context: ExamineContext,
): void {
  const started = followCommand(argv, context.launchContext({}, start.file))
  // By default systemd signals all processes, even an application behind a shell.
  const isDefaultMode = (service.last('KillMode')?.value ?? 'control-group') === 'control-group'
  const isWatcher = started.obstacle?.rule === 'watcher-in-front'
  reportLaunch(context, started, {
    file: start.file,
    offset: start.start,
    starter: 'systemd',
    severity: isDefaultMode && !isWatcher ? 'warning' : 'error',
    edits: (better) => setSetting(start, start, 'ExecStart', execStartOf(better)),
  })
}

/** A command for ExecStart, with an absolute path. `env` finds other programs in PATH or WorkingDirectory. */
function execStartOf(argv: readonly string[]): string {
  const [program = '', ...args] = argv
  const path = program === 'sh' ? '/bin/sh' : `/usr/bin/env ${program}`
  const words = args.map((arg) => (/^[\w@%+=:,./${}-]+$/.test(arg) ? arg : quote([arg])))
  return [program.startsWith('/') ? program : path, ...words].join(' ')
}

function checkSignals(service: Service, start: Setting, context: ExamineContext): void {
  const signal = service.last('KillSignal')
  if (signal) {
    checkStopSignal(context, {
      file: signal.file,
      offset: signal.start,
      signal: signal.value,
      setting: 'KillSignal',
      edits: (better) => setSetting(signal, start, 'KillSignal', better),
    })
  }
  const hangup = service.last('SendSIGHUP')
  const heard = context.application.signals(start.file)
  if (hangup && isYes(hangup.value) && heard && !heard.includes('SIGHUP')) {
    context.report({
      rule: 'hangup-sent',
      file: hangup.file,
      offset: hangup.start,
      says: `SendSIGHUP sends SIGHUP right after the stop signal, and the application listens to ${heard.join(', ')}: the second signal ends it before it can react to the first. No hook runs.`,
      fix: 'Leave it out, or add SIGHUP to the signals of createShutdown().',
      edits: removeSetting(hangup),
    })
  }
}

function checkKillMode(service: Service, start: Setting, context: ExamineContext): void {
  const mode = service.last('KillMode')
  if (!mode || (mode.value !== 'none' && mode.value !== 'process')) return
  const isNone = mode.value === 'none'
  context.report({
    rule: 'kill-mode',
    severity: isNone ? 'error' : 'warning',
    file: mode.file,
    offset: mode.start,
    says: isNone
      ? 'KillMode=none sends no signal: the application keeps running after the stop and holds the port that its successor needs.'
      : 'KillMode=process signals only the main process, also with SIGKILL at the limit: the processes that it has started keep running beside the next start.',
    fix: 'Use mixed: systemd signals the main process, which ends what it has started, and kills the rest at the limit.',
    edits: setSetting(mode, start, 'KillMode', 'mixed'),
  })
}

const SENDS_KILL = /(?:^|[\s/])(?:kill|pkill|killall)\b.*?\s-(?:s\s*)?(?:9|KILL|SIGKILL)\b/

function checkExecStop(service: Service, context: ExamineContext): void {
  for (const stop of service.all('ExecStop')) {
    const text = commandOf(stop).join(' ')
    const sendsKill = SENDS_KILL.test(text)
    const isByName = /(?:^|[\s/])(?:pkill|killall)\b/.test(text)
    if (!sendsKill && !isByName) continue
    context.report({
      rule: 'exec-stop-kills',
      file: stop.file,
      offset: stop.start,
      says: sendsKill
        ? `ExecStop (${text}) sends SIGKILL before the stop signal: no hook runs.`
        : `ExecStop (${text}) signals every process of that name on the machine, those of other services included.`,
      fix: 'Leave it out: systemd sends SIGTERM, waits for TimeoutStopSec, and kills the rest.',
      edits: removeSetting(stop),
    })
  }
}

function checkType(service: Service, argv: readonly string[], context: ExamineContext): void {
  const type = service.last('Type')
  const program = baseOf(argv[0] ?? '')
  const isNode =
    isProgram(program, 'runtime', 'package manager', 'package runner') ||
    /^(env|tsx|ts-node|lastcall)$/.test(program)
  if (type?.value !== 'forking' || !isNode) return
  context.report({
    rule: 'type-forking',
    file: type.file,
    offset: type.start,
    says: 'Type=forking waits for a process that leaves a daemon behind, which node does not do: after TimeoutStartSec, 90 s, systemd considers the start failed and stops the application, again and again.',
    fix: 'Use exec: the process that systemd starts is the service.',
    edits: setSetting(type, type, 'Type', 'exec'),
  })
}

function checkExitCode(service: Service, start: Setting, context: ExamineContext): void {
  const call = context.application
    .shutdownsFor(start.file)
    .find(({ leavesWithSignal }) => leavesWithSignal)
  const clean = service.all('SuccessExitStatus')
  if (!call || clean.some(({ value }) => /\b143\b/.test(value))) return
  context.report({
    rule: 'exit-code-unclean',
    file: start.file,
    offset: start.start,
    says: `The application exits with 143 after a clean stop (exitCodes.clean is 'signal' in ${call.file}:${call.line}). To systemd that is a failure: the unit counts as failed, and with Restart=on-failure a SIGTERM from elsewhere restarts it.`,
    fix: 'Declare 143 a success, or keep the exit code 0.',
    edits: setSetting(undefined, start, 'SuccessExitStatus', '143'),
  })
}

function checkTimeoutStop(service: Service, start: Setting, context: ExamineContext): void {
  const setting = service.last('TimeoutStopSec', 'TimeoutSec')
  const granted = setting ? systemdTime(setting.value) : DEFAULT_GRACE
  if (granted === undefined) {
    const line = setting?.file.lineOf(setting.start)
    context.reportUnread(`'${setting?.value}' is not a time span`, line, start.file)
    return
  }
  const grace = context.grace(DEFAULT_GRACE, 'systemd')
  if (!grace || grace.value <= granted) return
  const needed = String(wholeSeconds(grace.value))
  reportShortGrace(context, {
    setting: setting
      ? `${setting.key} is ${setting.value}`
      : `TimeoutStopSec is not set, so it is ${wholeSeconds(DEFAULT_GRACE)} s`,
    grace,
    file: setting?.file ?? start.file,
    offset: (setting ?? start).start,
    fix: `Grant it ${needed} s, or give createShutdown() a shorter grace.`,
    edits: setSetting(setting, start, 'TimeoutStopSec', needed),
  })
}

function isYes(value: string): boolean {
  return /^(1|yes|y|true|t|on)$/i.test(value)
}
