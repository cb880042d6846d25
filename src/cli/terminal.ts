/** The variable by which a process in the background knows that it is. */
export const DETACHED = 'LASTCALL_DETACHED'

/** The process, as the command line is handed it: besides `../process.ts` the one file that touches it. */
export const terminal = {
  /** What was typed after the program's name. */
  get args(): readonly string[] {
    return process.argv.slice(2)
  },
  /** The program and the script that run now, to run them again. */
  get self(): readonly [string, string] {
    return [process.execPath, process.argv[1] ?? '']
  },
  get pid(): number {
    return process.pid
  },
  print(text: string): void {
    process.stdout.write(`${text}\n`)
  },
  complain(text: string): void {
    process.stderr.write(`lastcall: ${text}\n`)
  },
  /** The code to exit with at the end. */
  endWith(code: number): void {
    process.exitCode = code
  },
  onExit(run: () => void): void {
    process.on('exit', run)
  },
  exit(code: number): void {
    process.exit(code)
  },
  /** Whether this is the process that `detach()` has started; what it starts itself is told nothing of it. */
  isDetached(): boolean {
    const is = process.env[DETACHED] !== undefined
    delete process.env[DETACHED]
    return is
  },
  /** Tells whoever has started this process in the background; once. */
  tellStarter(message: unknown): void {
    if (!process.connected) return
    process.send?.(message, () => process.connected && process.disconnect())
  },
}
