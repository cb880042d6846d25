import type { Program } from '../../support/programs/program.ts'

/** How an example left. */
export interface Leaving {
  readonly code: number | null
  /** Milliseconds from the signal until it was gone. */
  readonly elapsed: number
  /** `etcd done`: each hook in the order in which they ended. */
  readonly ended: readonly string[]
  readonly stdout: string
  readonly stderr: string
}

export async function leave(program: Program): Promise<Leaving> {
  const from = performance.now()
  const { code, stdout, stderr } = await program.send('SIGTERM').ended
  const elapsed = performance.now() - from
  const ended = linesOf(stderr)
    .filter(({ event }) => event === 'hook:end')
    .map(({ hook, status }) => `${hook} ${status}`)
  return { code, elapsed, ended, stdout, stderr }
}

/** What its log says went wrong. */
export function problems({ stderr }: Pick<Leaving, 'stderr'>): string[] {
  return linesOf(stderr)
    .filter(({ event, level }) => event === 'hook:end' && level !== 'info')
    .map(({ msg = '' }) => msg)
}

interface Line {
  readonly level: string
  readonly event: string
  readonly msg: string
  readonly hook?: string
  readonly status?: string
}

function linesOf(stderr: string): Line[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}
