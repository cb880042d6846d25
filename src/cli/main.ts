#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { LastcallError } from '../base/errors.ts'
import { terminalOf } from '../runtime/outputs.ts'
import { type Invocation, readCommandLine } from './command-line.ts'
import type { CommandName } from './commands.ts'
import { CODES, isFailure, usageError } from './failure.ts'
import { helpText, versionText } from './help.ts'
import { graceOf } from './options.ts'
import { terminal } from './terminal.ts'

/** Each command loads its own code, so that none waits for the code of another. */
const ACTIONS: { readonly [Name in CommandName]: (invocation: Invocation<Name>) => Promise<void> } =
  {
    async run(invocation) {
      const { run } = await import('./run.ts')
      await run(invocation)
    },
    async stop({ argument = '', options }) {
      const { stop } = await import('./stop.ts')
      terminal.setExitCode(await stop(argument, options))
    },
    async timeline({ argument = '', options }) {
      const { timeline } = await import('./timeline/timeline.ts')
      await timeline(argument, options)
    },
    doctor: examineDeployment,
  }

terminal.nameItself()
void main()

async function main(): Promise<void> {
  try {
    const request = readCommandLine(terminal.args)
    if (request.kind === 'help') terminal.print(helpText(request.command))
    else if (request.kind === 'version') terminal.print(versionText())
    else if (request.kind === 'nothing') {
      terminal.print(helpText(undefined))
      terminal.setExitCode(CODES.usage)
    } else {
      const { invocation } = request
      await ACTIONS[invocation.command](invocation as never)
    }
  } catch (error) {
    reportFailure(error)
  }
}

async function examineDeployment({
  argument: directory = '.',
  options,
}: Invocation<'doctor'>): Promise<void> {
  const grace = graceOf(options.grace)
  if (!existsSync(directory)) throw usageError(`there is no directory ${directory}`)
  const { doctor } = await import('./doctor/index.ts')
  const { colors: colour, isTerminal } = terminalOf('stdout')
  const { text, code } = doctor(directory, {
    grace,
    strict: options.strict ?? false,
    json: options.json ?? false,
    colour,
    isTerminal,
  })
  terminal.print(text)
  terminal.setExitCode(code)
}

/** Prints one line for an error that the user can fix. Any other error is a bug: thrown. */
function reportFailure(error: unknown): void {
  const failure = error instanceof LastcallError ? usageError(error.message) : error
  if (!isFailure(failure)) throw error
  const { code, message } = failure
  terminal.notifyStarter({ code, message })
  terminal.printError(message)
  terminal.setExitCode(code)
}
