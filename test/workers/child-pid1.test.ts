import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Script, shutdownScript } from '../support/programs/script.ts'

const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
const [program = '', ...flags] = UNSHARE
const trial = spawnSync(program, [...flags, 'true'], { encoding: 'utf8' })
const refused = trial.error?.message ?? (trial.status === 0 ? undefined : trial.stderr.trim())
const why = refused ? ` (skipped: ${refused})` : ''

/** The process that runs as PID 1, as its parent namespace numbers it. */
function childOf(pid: number | undefined): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())
}

/** A PID 1 that starts these lines of shell as a group, and says `started` when they do. */
async function pid1(code: string, stopWait: string): Promise<Script> {
  const script = new Script(
    shutdownScript(
      `import { spawn } from 'node:child_process'
       import { readdirSync, readFileSync } from 'node:fs'
       import { childProcess } from 'lastcall/workers'
       const states = () => readdirSync('/proc').filter((name) => /^\\d+$/.test(name) && name !== '1')
         .map((pid) => readFileSync('/proc/' + pid + '/stat', 'utf8').replace(/.*\\) (.).*/s, '$1'))
       for (let n = 0; n < 3; n++) {
         const stdio = ['ignore', 'pipe', 'inherit']
         const child = spawn('sh', ['-c', ${JSON.stringify(code)}], { stdio, detached: true })
         child.stdout.once('data', () => say('started ' + n))
         shutdown.add(childProcess(child, { name: 'sh ' + n, group: true, stopWait: '${stopWait}' }))
       }
       shutdown.add({ name: 'last', phase: 'close', run: () => say('left: ' + states().join('')) })`,
      `{ grace: '12s' }`,
    ),
    { prefix: UNSHARE },
  )
  for (let n = 0; n < 3; n++) await script.says(`started ${n}`)
  return script
}

test.skipIf(refused)(
  `as PID 1, which waits for no orphans, a process ends when a group has nothing left but those${why}`,
  async () => {
    const script = await pid1('sleep 600 & sleep 600 & echo ready; wait', '10s')
    process.kill(childOf(script.child.pid), 'SIGTERM')
    const { code, stdout, stderr } = await script.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    // The orphans are still there, as zombies; otherwise this would have tried nothing.
    expect(stdout).toMatch(/^left: Z{6}$/m)
  },
)

test.skipIf(refused)(
  `as PID 1 a process kills at the limit what is left of a group beside those${why}`,
  async () => {
    const code = `sleep 600 & trap '' TERM; sleep 600 & trap - TERM; echo ready; wait`
    const script = await pid1(code, '500ms')
    process.kill(childOf(script.child.pid), 'SIGTERM')
    const ended = await script.ended
    expect(ended.code).toBe(124)
    expect(ended.stderr.match(/^ {2}killed: child 'sh \d'/gm)).toHaveLength(3)
  },
)
