import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const FOLDER = fileURLToPath(new URL('pm2', import.meta.url))
const PROGRAM = join(FOLDER, 'node_modules/pm2/bin/pm2')

const execute = promisify(execFile)

/** A PM2 of its own, with its daemon, in a folder. */
export class Pm2 {
  /** Installs it where it is missing, from a lock file of its own. */
  static async install(): Promise<void> {
    if (existsSync(PROGRAM)) return
    const quiet = ['--silent', '--no-audit', '--no-fund', '--ignore-scripts']
    await execute('npm', ['ci', '--prefix', FOLDER, ...quiet])
  }

  constructor(
    readonly home: string,
    private readonly cwd: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  async run(...args: string[]): Promise<void> {
    const env = { ...process.env, ...this.env, PM2_HOME: this.home }
    await execute(process.execPath, [PROGRAM, ...args], { cwd: this.cwd, env })
  }

  /** How each process has ended, by PM2's own log. */
  get ends(): string[] {
    const log = readFileSync(join(this.home, 'pm2.log'), 'utf8')
    return Array.from(
      log.matchAll(/exited with code \[(.*)\] via signal \[(.*)\]/g),
      ([, ...how]) => how.join(' '),
    )
  }
}
