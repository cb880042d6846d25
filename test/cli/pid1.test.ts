import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  cli,
  folder,
  listener,
  node,
  refusalOf,
  skipped,
  until,
} from '../support/programs/command-line.ts'

const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
const [program = '', ...flags] = UNSHARE
const refused = refusalOf(program, ...flags, 'true')
const needed = skipped(refused)
const prefix = UNSHARE

/** The process that runs as PID 1, as its parent namespace numbers it. */
async function pid1Of(pid: number): Promise<number> {
  const child = () => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
  await until(child)
  return child()
}

test.skipIf(refused)(
  `as PID 1 it passes SIGTERM on, and returns what the program exits with${needed}`,
  async () => {
    const body = `say('parent ' + process.ppid); process.exit(7)`
    const run = cli(['run', '--', ...listener(['SIGTERM'], body)], { prefix })
    await run.says('ready')
    process.kill(await pid1Of(run.pid), 'SIGTERM')
    const stdout = 'ready\nSIGTERM\nparent 1\n'
    expect(await run.ended).toMatchObject({ code: 7, stdout, stderr: '' })
  },
)

test.skipIf(refused)(
  `as PID 1 it ends a program that does nothing about SIGTERM, which as PID 1 would ignore it${needed}`,
  async () => {
    const run = cli(['run', '--', 'sh', '-c', 'echo ready; exec sleep 1000'], { prefix })
    await run.says('ready')
    process.kill(await pid1Of(run.pid), 'SIGTERM')
    expect(await run.ended).toMatchObject({ code: 143, stderr: '' })
  },
)

test.skipIf(refused)(
  `as PID 1 a SIGTERM before it listens comes to nothing, as with any Node program, and the next one counts${needed}`,
  async () => {
    // Its boot takes as long as this file is not written to.
    const path = folder({
      'wait.cjs': `const fs = require('node:fs'); fs.writeSync(1, 'booting\\n'); fs.readFileSync(__dirname + '/fifo')`,
    })
    spawnSync('mkfifo', [`${path}/fifo`])
    const env = { ...process.env, NODE_OPTIONS: `--require ${path}/wait.cjs` }
    const run = cli(['run', '--', 'sh', '-c', 'echo ready; exec sleep 1000'], { prefix, env })
    const pid = await pid1Of((await run.says('booting')).pid)
    process.kill(pid, 'SIGTERM')
    writeFileSync(`${path}/fifo`, '')
    await run.says('ready')
    process.kill(pid, 'SIGTERM')
    expect(await run.ended).toMatchObject({ code: 143, stderr: '' })
  },
)

test.skipIf(refused)(
  `as PID 1 it does not wait for orphans of others, as Node never does: they stay as zombies${needed}`,
  async () => {
    const code = `
      const { execFileSync } = require('node:child_process')
      const { readFileSync } = require('node:fs')
      const pid = execFileSync('sh', ['-c', 'sleep 0.1 >/dev/null & echo $!'], { encoding: 'utf8' }).trim()
      const look = () => {
        const [state, parent] = readFileSync('/proc/' + pid + '/stat', 'utf8').split(') ')[1].split(' ')
        if (state !== 'Z') return setTimeout(look, 5)
        console.log(state + ' of ' + parent)
      }
      look()
    `
    const ended = await cli(['run', '--', ...node(code)], { prefix }).ended
    expect(ended).toMatchObject({ code: 0, stdout: 'Z of 1\n', stderr: '' })
  },
)

test.skipIf(refused)(
  `as PID 1 it notices at once that the last of a group has ended, though nothing reaps that one${needed}`,
  async () => {
    const worker = `(trap 'sleep 1.5; exit 0' TERM; echo ready; while :; do sleep 0.05; done)`
    const args = ['run', '--group', '--grace', '2400ms', '--', 'sh', '-c', `${worker} & wait`]
    const run = await cli(args, { prefix }).says('ready')
    process.kill(await pid1Of(run.pid), 'SIGTERM')
    const { code, stderr } = await run.ended
    // The shell has ended by the signal. With rarer looks its worker was called killed: 137.
    expect(code).toBe(143)
    expect(stderr).not.toContain('killed')
  },
)

test.skipIf(refused)(
  `as PID 1 it ends with its program, and takes a daemon that this has left behind along${needed}`,
  async () => {
    // The daemon holds stdout open: only when it is gone has this ended.
    const script = 'setsid sleep 1000 & echo ready; exit 3'
    const ended = await cli(['run', '--', 'sh', '-c', script], { prefix }).ended
    expect(ended).toMatchObject({ code: 3, stdout: 'ready\n', stderr: '' })
  },
)

test.skipIf(refused)(
  `as PID 1 of a restarted container, its own pid in a pid file is not in the way${needed}`,
  async () => {
    const script = 'echo 1 > "$0"; exec "$@"'
    const file = `${folder()}/app.pid`
    const restart = [...UNSHARE, 'sh', '-c', script, file]
    const ended = await cli(['run', '--pidfile', file, '--', 'head', '-n', '1', file], {
      prefix: restart,
    }).ended
    expect(ended).toMatchObject({ code: 0, stdout: '1\n', stderr: '' })
  },
)
