import { statOf } from '../../support/programs/command-line.ts'
import { shutdownScript } from '../../support/programs/script.ts'

/** The command that runs these lines of JavaScript, in the exec form. */
export function node(code: string): [string, ...string[]] {
  return [process.execPath, '--input-type=module', '-e', code]
}

/** A program with a shutdown in it, which prints when its hook runs. */
export function withLastcall(body = '', options = '{}'): [string, ...string[]] {
  return node(
    shutdownScript(
      `${body}
       shutdown.add({ name: 'pool', phase: 'close', run: () => say('pool closed') })`,
      options,
    ),
  )
}

/** A program that hears these signals and does this then. */
export function listener(signals: readonly NodeJS.Signals[], body = ''): [string, ...string[]] {
  return node(`
    const say = (text) => process.stdout.write(text + '\\n')
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
    for (const signal of ${JSON.stringify(signals)}) {
      process.on(signal, async () => { say(signal); ${body} })
    }
    setInterval(() => {}, 1000)
    say('ready')
    process.send?.('ready')
  `)
}

/** A program without a handler for anything. */
export const DEAF = node(`setInterval(() => {}, 1000); console.log('ready')`)

/** One that never ends by itself. */
export const STUBBORN = listener(['SIGTERM', 'SIGINT'])

/** Whether there is such a process; a zombie does not count. */
export function isThere(pid: number): boolean {
  return statOf(pid) !== undefined
}
