/** The variable by which a process in the background knows that it is. */
export const DETACHED = 'LASTCALL_DETACHED'

let isDetached = false

/** The process, as the command line is handed it: besides `../runtime/process.ts` the one file that touches it. */
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
  /** What `ps` shows, and a pid file's reader looks for. */
  nameItself(): void {
    process.title = ['lastcall', ...process.argv.slice(2)].join(' ')
  },
  /** All that comes by stdin. */
  async input(): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk)
    return Buffer.concat(chunks)
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
    isDetached ||= process.env[DETACHED] !== undefined
    delete process.env[DETACHED]
    return isDetached
  },
  /** Tells whoever has started this process in the background; once. */
  tellStarter(message: unknown): void {
    // A channel of anybody else's is for the program's own use.
    if (!terminal.isDetached() || !process.connected) return
    process.send?.(message, () => process.connected && process.disconnect())
  },
}
