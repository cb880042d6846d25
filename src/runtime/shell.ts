import { builtinModule } from './builtin-modules.ts'

/** Implements `ProcessPort.startShell()`. */
export function startShell(script: string, args: readonly string[]): void {
  const { spawn } = builtinModule('node:child_process')
  try {
    const shell = spawn('/bin/sh', ['-c', script, 'lastcall', ...args], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    shell.on('error', () => {}).unref()
    shell.stdin.on('error', () => {})
  } catch {
    // There is no shell, or the system starts no more processes.
  }
}
