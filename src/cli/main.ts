#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { cac } from 'cac'
import { LastcallError } from '../base/errors.ts'
import { terminalOf } from '../runtime/process.ts'
import { CODES, type Failure, isFailure, usageError } from './failure.ts'
import { checkGrace, durationOf, flagOf, rewritesOf, textOf } from './options.ts'
import { PASSED_ON } from './passed-on.ts'
import { takePidFile } from './pid-file.ts'
import { terminal } from './terminal.ts'

declare const VERSION: string

/** Where the output of what runs in the background goes unless it is said. */
const OUTPUT = 'lastcall.log'

const cli = cac('lastcall')
cli.version(VERSION)
cli.help()

cli
  .command('run', 'Run a program, or a group of them, and end it well')
  .usage('run [options] -- <command> [arguments]\n  $ lastcall run [options] --config <file>')
  .option('--config <file>', 'Run the group of programs in this JSON file')
  .option('--grace <time>', 'What the platform grants from the stop signal to SIGKILL, such as 10s')
  .option('--signal <from=to>', 'Pass a signal on as another, such as TERM=QUIT; may be repeated')
  .option('--group', 'Signal the whole process group of the program')
  .option('--pidfile <file>', 'Write the pid here; refuse to start where its process runs')
  .option('--detach', 'Run in the background, in a session of its own')
  .option('--output <file>', `Where the output goes then (default: ${OUTPUT})`)
  .option('--verbose', 'Tell every change of state of a group')
  .example('  $ lastcall run -- node worker.js')
  .example('  $ lastcall run --signal TERM=QUIT --grace 30s -- nginx -g "daemon off;"')
  .example('  $ lastcall run --config lastcall.config.json --pidfile app.pid --detach')
  .action(run)

cli
  .command('stop <pid | pidfile>', 'Do to a process what docker stop does to a container')
  .option('--grace <time>', 'How long it may take before SIGKILL (default: 10s)')
  .option('--signal <name>', 'The stop signal (default: TERM)')
  .example('  $ lastcall stop app.pid --grace 30s')
  .example('  $ lastcall stop 4711 --signal QUIT')
  .action(async (target: unknown, options: Record<string, unknown>) => {
    const { stop } = await import('./stop.ts')
    terminal.endWith(await stop(String(target), options))
  })

cli
  .command(
    'timeline [report | -]',
    'Draw the report of a run: a file with its JSON, or - for stdin',
  )
  .option(
    '--out <file>',
    'Write a picture that stands alone, .html or .svg (default: the terminal)',
  )
  .example('  $ lastcall timeline report.json')
  .example('  $ lastcall timeline report.json --out shutdown.html')
  .action(async (source: unknown, options: Record<string, unknown>) => {
    const { timeline } = await import('./timeline/timeline.ts')
    // The parser leaves a - out.
    await timeline(String(source ?? terminal.args.find((arg) => arg === '-') ?? ''), options)
  })

cli
  .command('doctor [directory]', 'Find what in a deployment will break its stop')
  .option('--grace <time>', 'What the application allows itself (default: what its sources say)')
  .option('--strict', 'Let warnings count as errors do')
  .option('--json', 'Print JSON')
  .example('  $ lastcall doctor')
  .example('  $ lastcall doctor deploy --grace 25s --json')
  .action(examineDeployment)

terminal.nameItself()
void main()

async function main(): Promise<void> {
  try {
    cli.parse(['', '', ...terminal.args], { run: false })
    if (cli.options.help) return
    if (cli.options.version) {
      // The parser says it where there is no command.
      if (cli.matchedCommand) cli.outputVersion()
      return
    }
    if (!cli.matchedCommand) {
      const [unknown] = cli.args
      if (unknown !== undefined)
        throw usageError(`there is no command '${unknown}'; see lastcall --help`)
      const option = Object.keys(cli.options).find((key) => key !== '--')
      if (option !== undefined)
        throw usageError(`there is no option --${option} without a command; see lastcall --help`)
      cli.outputHelp()
      terminal.endWith(CODES.usage)
      return
    }
    await cli.runMatchedCommand()
  } catch (error) {
    fail(error)
  }
}

async function run(options: Record<string, unknown>): Promise<void> {
  const command = (options['--'] ?? []) as string[]
  const config = textOf(options.config, 'config')
  const grace = durationOf(options.grace, 'grace')
  if (grace !== undefined) checkGrace(grace, '--grace')
  const settings = {
    grace,
    rewrites: rewritesOf(options.signal, PASSED_ON),
    group: flagOf(options.group),
  }
  refuseContradictions(command, config, options)
  if (options.detach && !terminal.isDetached()) {
    const { detach } = await import('./detach.ts')
    terminal.print(String(await detach(textOf(options.output, 'output') ?? OUTPUT)))
    return
  }
  const pidFile = textOf(options.pidfile, 'pidfile')
  const removePidFile = pidFile === undefined ? () => {} : takePidFile(pidFile)
  terminal.onExit(removePidFile)
  const onStart = () => terminal.tellStarter({ pid: terminal.pid })
  if (config !== undefined) {
    const { runGroup } = await import('./run-group.ts')
    await runGroup(config, { grace: settings.grace, verbose: flagOf(options.verbose), onStart })
  } else {
    const { runProgram } = await import('./run-program.ts')
    const [program = '', ...args] = command
    terminal.exit(await runProgram(program, args, { ...settings, onStart }))
  }
}

async function examineDeployment(target: unknown, options: Record<string, unknown>): Promise<void> {
  const directory = String(target ?? '.')
  const grace = durationOf(options.grace, 'grace')
  if (grace !== undefined) checkGrace(grace, '--grace')
  if (!existsSync(directory)) throw usageError(`there is no directory ${directory}`)
  // A file of its own: its parsers would make every other command start later.
  const { doctor } = await import('./doctor/index.ts')
  const { text, code } = doctor(directory, {
    grace,
    strict: flagOf(options.strict),
    json: flagOf(options.json),
    colour: terminalOf('stdout').colors,
  })
  terminal.print(text)
  terminal.endWith(code)
}

function refuseContradictions(
  command: readonly string[],
  config: string | undefined,
  options: Record<string, unknown>,
): void {
  if (((command[0] ?? '') !== '') === (config !== undefined)) {
    throw usageError(
      config === undefined
        ? 'nothing to run: write the program after --, as in lastcall run -- node worker.js, or name a --config'
        : 'a program and --config exclude each other: put the program into the file',
    )
  }
  if (config !== undefined && (options.signal !== undefined || options.group)) {
    throw usageError(
      '--signal and --group are for one program: a group has them in its file, by program, as stopSignal and group',
    )
  }
  if (config === undefined && options.verbose) {
    throw usageError('--verbose is for a group: one program has no states')
  }
  if (options.output !== undefined && !options.detach) {
    throw usageError('--output is for --detach: in the foreground the output goes where it goes')
  }
}

function fail(error: unknown): void {
  const failure = isFailure(error) ? error : refusal(error)
  if (!failure) throw error
  const { code, message } = failure
  terminal.tellStarter({ code, message })
  terminal.complain(message)
  terminal.endWith(code)
}

/** What the library refuses, or the parser: an option that there is not, or one without its value. */
function refusal(error: unknown): Failure | undefined {
  const { name, message } = error as Error
  if (error instanceof LastcallError) return usageError(message)
  if (name !== 'CACError') return undefined
  const fix =
    cli.matchedCommandName === 'run'
      ? 'what is run stands after --, as in lastcall run -- node worker.js; see lastcall run --help'
      : 'see lastcall --help'
  return usageError(`${message}; ${fix}`)
}
