import { readdirSync, readFileSync } from 'node:fs'

/** The variable by which processes that a trial has started are known, whatever became of their parents. */
export const MARK = 'LASTCALL_MATRIX_TRIAL'

/** Kills what a trial has left behind, in groups and sessions of its own. */
export function killLeftBehind(mark: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
      if (environment.includes(`${MARK}=${mark}`)) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended, or is somebody else's.
    }
  }
}
