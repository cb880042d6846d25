import { onTestFinished } from 'vitest'
import { Script, type ScriptOptions, shutdownScript } from './script.ts'

/** What a parent's script imports, and a child of it that runs a few lines of JavaScript. */
const PARENT = `
  import { fork, spawn } from 'node:child_process'
  import { once } from 'node:events'
  import { Worker } from 'node:worker_threads'
  import { childProcess, taskTracker, workerThread } from 'lastcall/workers'

  /** Resolves with a child once it is ready. What it says goes where the parent's words go, in their order. */
  async function nodeChild(code, { stdin = 'ignore', ipc = false, ...options } = {}) {
    const program = 'const say = (text) => console.log("child: " + text);' +
      'const parent = process.ppid;' + // It ends with its parent, however that does.
      'setInterval(() => process.ppid === parent || process.exit(), 500);' + code +
      ';require("node:fs").writeSync(3, "ready")'
    const stdio = [stdin, 'inherit', 'inherit', 'pipe', ...(ipc ? ['ipc'] : [])]
    const child = spawn(process.execPath, ['-e', program], { stdio, ...options })
    await once(child.stdio[3], 'data')
    return child
  }
`

/** A parent with a shutdown and with children, once it and they are ready. */
export function parentScript(
  body: string,
  { shutdown = '{}', ...options }: ScriptOptions & { shutdown?: string } = {},
): Promise<Script> {
  const script = new Script(shutdownScript(PARENT + body, shutdown), options)
  onTestFinished(() => void script.child.kill('SIGKILL'))
  return script.says('ready')
}
