import { escapeControls } from '../text/printable.ts'

/** The environment variable that marks a process in the background. */
export const DETACHED = 'LASTCALL_DETACHED'

let isDetached = false

/** The command line's access to `process`. Only this file and `../runtime/process.ts` use `process`. */
export const terminal = {
  /** The words after the program's name. */
  get args(): readonly string[] {
    return process.argv.slice(2)
  },
  /** The runtime and the script of this process, to run them again. */
  get self(): readonly [string, string] {
    return [process.execPath, process.argv[1] ?? '']
  },
  get pid(): number {
    return process.pid
  },
  /** The user in whose name this process acts; `undefined` on Windows. */
  get user(): number | undefined {
    return process.geteuid?.()
  },
  /** In seconds, without the time in which the system slept. */
  get kernelUptime(): number {
    return Number(process.hrtime.bigint()) / 1e9
  },
  /** The system and the runtime, such as `linux-x64 node-v20.19.0`. */
  get runtime(): string {
    const { arch, platform, versions } = process
    const name = ['bun', 'deno'].find((one) => one in versions) ?? 'node'
    return `${platform}-${arch} ${name}-v${versions[name]}`
  },
  /**
   * Sets the title that `ps` shows. `claimPidFile()` recognises lastcall by it. Of the program that it runs
   * it has only the name: arguments may hold secrets.
   */
  nameItself(): void {
    const words = process.argv.slice(2)
    const end = words.includes('--') ? words.indexOf('--') + 2 : words.length
    process.title = ['lastcall', ...words.slice(0, end)].join(' ')
  },
  /** Reads stdin to its end. */
  async input(): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk)
    return Buffer.concat(chunks)
  },
  print(text: string): void {
    process.stdout.write(`${text}\n`)
  },
  printError(text: string): void {
    process.stderr.write(`lastcall: ${escapeControls(text)}\n`)
  },
  /** Sets the exit code, and lets the process end by itself. */
  setExitCode(code: number): void {
    process.exitCode = code
  },
  onExit(run: () => void): void {
    process.on('exit', run)
  },
  exit(code: number): void {
    process.exit(code)
  },
  /** Whether `detach()` started this process. The first call removes the mark, so that no child inherits it. */
  isDetached(): boolean {
    isDetached ||= process.env[DETACHED] !== undefined
    delete process.env[DETACHED]
    return isDetached
  },
  /** Sends one message to the process that started this one in the background. */
  notifyStarter(message: unknown): void {
    // Without the mark, the IPC channel is for the program that we run.
    if (!terminal.isDetached() || !process.connected) return
    process.send?.(message, () => process.connected && process.disconnect())
  },
}
