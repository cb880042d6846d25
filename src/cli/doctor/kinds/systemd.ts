import { quote } from 'shell-quote'
import { PLATFORMS } from '../../../platform/platforms.ts'
import { isProgram } from '../../../platform/programs.ts'
import { launch } from '../launch/command.ts'
import { baseOf, words } from '../launch/shell.ts'
import { seconds, systemdTime } from '../parse/durations.ts'
import type { SourceFile } from '../parse/source.ts'
import { change, readUnit, remove, Service, type Setting } from '../parse/systemd-unit.ts'
import { reportLaunch } from '../report-launch.ts'
import type { World } from '../world.ts'
import { checkStopSignal } from './parts/stop-signal.ts'

/** `TimeoutStopSec`, where it is not set, in milliseconds: DefaultTimeoutStopSec. */
const DEFAULT = PLATFORMS.systemd.grace

/** Reads a service with its drop-ins: how it is started, signalled, and how long it is waited for. */
export function examineSystemd(
  file: SourceFile,
  world: World,
  dropIns: readonly SourceFile[],
): void {
  const units = [file, ...dropIns].map((one) => ({ one, ...readUnit(one) }))
  for (const { one, settings, odd } of units) {
    if (settings.length === 0) {
      world.unread(one.path, 'it is no unit of systemd: it has no settings')
      return
    }
    const [first] = odd
    if (first !== undefined) {
      world.unread(one.path, 'this is neither a section nor a setting', one.lineOf(first))
    }
  }
  const service = new Service(
    units.flatMap(({ settings }) => settings).filter(({ section }) => section === 'Service'),
  )
  const start = service.all('ExecStart').at(-1)
  if (!start) {
    // A drop-in alone adds to a unit that is elsewhere.
    if (dropIns.length === 0 && !file.path.endsWith('.conf')) {
      world.unread(file.path, 'it has no ExecStart in a section [Service]')
    }
    return
  }
  const argv = commandOf(start)
  if (isForeignProgram(argv)) {
    world.note(file.path, `starts ${argv[0]}, which is not the application's`)
    return
  }
  checkCommand(service, start, argv, world)
  checkSignals(service, start, world)
  checkKillMode(service, start, world)
  checkExecStop(service, world)
  checkType(service, argv, world)
  checkExitCode(service, start, world)
  checkGrace(service, start, world)
}

/** The command without systemd's own marks before it. */
function commandOf({ value }: Setting): string[] {
  return words(value.replace(/^[-@:+!|]+/, ''))
}

function isForeignProgram([program = '']: readonly string[]): boolean {
  return /^(nginx|redis-server|postgres|mysqld|docker|podman|docker-compose|caddy|haproxy|python3?|java|ruby|php.*|gunicorn|uvicorn)$/.test(
    baseOf(program),
  )
}

function checkCommand(service: Service, start: Setting, argv: string[], world: World): void {
  const mode = service.last('KillMode')?.value ?? 'control-group'
  const started = launch(argv, world.around(start.file))
  reportLaunch(world, started, {
    file: start.file,
    offset: start.start,
    by: 'systemd',
    severity:
      mode === 'control-group' && started.trouble?.rule !== 'watcher-in-front'
        ? 'warning'
        : 'error',
    edits: (better) => change(start, start, 'ExecStart', absolute(better)),
  })
}

/** A command as systemd starts it; what is in node_modules is looked for from WorkingDirectory there. */
function absolute(argv: readonly string[]): string {
  const [program = '', ...args] = argv
  const path = program.startsWith('/')
    ? program
    : program === 'sh'
      ? '/bin/sh'
      : `/usr/bin/env ${program}`
  return [path, ...args.map((arg) => (/^[\w@%+=:,./${}-]+$/.test(arg) ? arg : quote([arg])))].join(
    ' ',
  )
}

function checkSignals(service: Service, start: Setting, world: World): void {
  const signal = service.last('KillSignal')
  if (signal) {
    checkStopSignal(world, {
      file: signal.file,
      offset: signal.start,
      signal: signal.value,
      setting: 'KillSignal',
      edits: (better) => change(signal, start, 'KillSignal', better),
    })
  }
  const hangup = service.last('SendSIGHUP')
  const heard = world.signals(start.file)
  if (hangup && isYes(hangup.value) && heard && !heard.includes('SIGHUP')) {
    world.report({
      rule: 'hangup-sent',
      file: hangup.file,
      offset: hangup.start,
      says: `SendSIGHUP sends SIGHUP right after the stop signal, and the application listens to ${heard.join(', ')}: it is ended by the second before it has heard the first. No hook runs.`,
      fix: 'Leave it out, or add SIGHUP to the signals of createShutdown().',
      edits: remove(hangup),
    })
  }
}

function checkKillMode(service: Service, start: Setting, world: World): void {
  const mode = service.last('KillMode')
  if (!mode || (mode.value !== 'none' && mode.value !== 'process')) return
  const isNone = mode.value === 'none'
  world.report({
    rule: 'kill-mode',
    severity: isNone ? 'error' : 'warning',
    file: mode.file,
    offset: mode.start,
    says: isNone
      ? 'KillMode=none signals nobody: the application runs on after the stop, holds its port against its successor, and is never told to end.'
      : 'KillMode=process signals the main process alone, also with SIGKILL at the limit: what it has started is left behind and runs on beside the next start.',
    fix: 'Use mixed: the main process is signalled and ends what it has started; what is left is killed at the limit.',
    edits: change(mode, start, 'KillMode', 'mixed'),
  })
}

function checkExecStop(service: Service, world: World): void {
  for (const stop of service.all('ExecStop')) {
    const argv = commandOf(stop)
    const text = argv.join(' ')
    const kills = /(?:^|[\s/])(?:kill|pkill|killall)\b.*?\s-(?:s\s*)?(?:9|KILL|SIGKILL)\b/.test(
      text,
    )
    const all = /(?:^|[\s/])(?:pkill|killall)\b/.test(text)
    if (!kills && !all) continue
    world.report({
      rule: 'exec-stop-kills',
      file: stop.file,
      offset: stop.start,
      says: kills
        ? `ExecStop (${text}) sends SIGKILL: it comes before the stop signal, and no hook runs.`
        : `ExecStop (${text}) signals every process of that name on the machine, also those of other services.`,
      fix: 'Leave it out: systemd sends SIGTERM, waits for TimeoutStopSec, and kills what is left.',
      edits: remove(stop),
    })
  }
}

function checkType(service: Service, argv: readonly string[], world: World): void {
  const type = service.last('Type')
  const program = baseOf(argv[0] ?? '')
  const isNode =
    isProgram(program, 'runtime', 'package manager', 'package runner') ||
    /^(env|tsx|ts-node|lastcall)$/.test(program)
  if (type?.value !== 'forking' || !isNode) return
  world.report({
    rule: 'type-forking',
    file: type.file,
    offset: type.start,
    says: 'Type=forking waits for a process that leaves a daemon behind, which node does not do: after TimeoutStartSec, 90 s, the start has failed and systemd stops the application, again and again.',
    fix: 'Say exec: the process that is started is the service.',
    edits: change(type, type, 'Type', 'exec'),
  })
}

function checkExitCode(service: Service, start: Setting, world: World): void {
  const call = world.shutdowns(start.file).find(({ leavesWithSignal }) => leavesWithSignal)
  const clean = service.all('SuccessExitStatus')
  if (!call || clean.some(({ value }) => /\b143\b/.test(value))) return
  world.report({
    rule: 'exit-code-unclean',
    file: start.file,
    offset: start.start,
    says: `The application leaves with 143 after a clean stop (exitCodes.clean is 'signal' in ${call.file}:${call.line}). To systemd that is a failure: the unit is failed, and a SIGTERM from elsewhere restarts it with Restart=on-failure.`,
    fix: 'Say that 143 is clean, or leave the exit code at 0.',
    edits: change(undefined, start, 'SuccessExitStatus', '143'),
  })
}

function checkGrace(service: Service, start: Setting, world: World): void {
  const said = service.last('TimeoutStopSec', 'TimeoutSec')
  const granted = said ? systemdTime(said.value) : DEFAULT
  if (granted === undefined) {
    world.unread(start.file.path, `'${said?.value}' is no time`, said?.file.lineOf(said.start))
    return
  }
  const grace = world.grace(start.file, DEFAULT, 'systemd')
  if (!grace || grace.value <= granted) return
  const needed = String(seconds(grace.value))
  world.report({
    rule: 'grace-too-short',
    file: said?.file ?? start.file,
    offset: (said ?? start).start,
    says: `${said ? `${said.key} is ${said.value}` : `TimeoutStopSec is not set, so it is ${seconds(DEFAULT)} s`}, and the application allows itself ${needed} s (${grace.from}): it is killed in the middle of its hooks, and what comes last, the flush, is lost.`,
    fix: `Grant it ${needed} s, or give createShutdown() a shorter grace.`,
    edits: change(said, start, 'TimeoutStopSec', needed),
  })
}

function isYes(value: string): boolean {
  return /^(1|yes|y|true|t|on)$/i.test(value)
}
