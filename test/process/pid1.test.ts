import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Script, shutdownScript } from '../support/programs/script.ts'
import { until } from '../support/service.ts'

const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
const [program = '', ...flags] = UNSHARE
const trial = spawnSync(program, [...flags, 'true'], { encoding: 'utf8' })
const refused = trial.error?.message ?? (trial.status === 0 ? undefined : trial.stderr.trim())

/** The process that runs as PID 1, as its parent namespace numbers it. */
function childOf(pid: number | undefined): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())
}

test.skipIf(refused).each(['SIGTERM', 'SIGINT'] as const)(
  `as PID 1 a process hears %s, runs its hooks and exits with a code${refused ? ` (skipped: ${refused})` : ''}`,
  async (signal) => {
    const script = new Script(
      shutdownScript(
        `shutdown.add({ name: 'pool', phase: 'close', run: () => say('closed as ' + process.pid) })`,
        `{ exitCodes: { clean: 'signal' } }`,
      ),
      { prefix: UNSHARE },
    )
    await script.says('ready')
    process.kill(childOf(script.child.pid), signal)
    const ended = await script.ended
    expect(ended.stdout).toBe('ready\nclosed as 1\n')
    expect(ended.code).toBe(signal === 'SIGTERM' ? 143 : 130)
  },
)

test.skipIf(refused)(
  `as PID 1 a process without handlers would ignore SIGTERM, so that nothing is raised again here${refused ? ` (skipped: ${refused})` : ''}`,
  async () => {
    const script = new Script(`setInterval(() => {}, 1000); process.stdout.write('ready')`, {
      prefix: UNSHARE,
    })
    await script.says('ready')
    const pid = childOf(script.child.pid)
    const status = () => readFileSync(`/proc/${pid}/status`, 'utf8')
    process.kill(pid, 'SIGTERM')
    // The kernel drops it at once, or, while Node has its signals blocked to start a thread, after that.
    await until(() => /^SigPnd:\s+0+\nShdPnd:\s+0+$/m.test(status()))
    expect(status()).toMatch(/^State:\s+[SR]/m)
    process.kill(pid, 'SIGKILL')
    await script.ended
  },
)
