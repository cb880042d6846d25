import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stopLikeCtrlC } from '../../../src/testing/real/ctrl-c.ts'
import { stopLikeDocker } from '../../../src/testing/real/docker.ts'
import { stopLikeKubernetes } from '../../../src/testing/real/kubernetes.ts'
import { stopLikePm2 } from '../../../src/testing/real/pm2.ts'
import { stopLikeSystemd } from '../../../src/testing/real/systemd.ts'
import { folder } from '../../support/programs/command-line.ts'
import { isThere, node } from './programs.ts'

const FUNCTIONS = {
  stopLikeDocker,
  stopLikeKubernetes,
  stopLikePm2,
  stopLikeSystemd,
  stopLikeCtrlC,
}

/** The processes with this command line. */
function running(command: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return words.join(' ').trim() === command && isThere(Number(pid))
    } catch {
      return false // No process, or one that has ended.
    }
  })
}

describe.skipIf(process.platform !== 'linux').each(Object.entries(FUNCTIONS))(
  '%s',
  (name, stop) => {
    test('a program that may not be executed is refused, with what to do', async () => {
      const cwd = folder({ 'server.sh': '#!/bin/sh\necho ready' })
      // systemd starts it by a shell, which says the same in other words.
      const isByShell = name === 'stopLikeSystemd'
      await expect(stop(['./server.sh'], { ready: 'ready', cwd })).rejects.toMatchObject({
        code: isByShell ? 'LASTCALL_ENDED_EARLY' : 'LASTCALL_NOT_READY',
        message: expect.stringMatching(isByShell ? /exit code 126[\s\S]*denied/ : /chmod \+x/),
      })
    })

    test('so is a folder that is a file', async () => {
      const cwd = join(folder({ file: '' }), 'file')
      await expect(stop(['true'], { ready: 'ready', cwd })).rejects.toMatchObject({
        code: 'LASTCALL_NOT_READY',
        message: expect.stringContaining('is no folder'),
      })
    })

    test('a program that turns into a daemon has ended by itself, and the daemon is named and killed', async () => {
      const cwd = folder()
      const daemon = `setsid sh -c 'echo $$ > pid; sleep 0.5; echo ready; exec sleep 1000' &
      while [ ! -s pid ]; do sleep 0.01; done`
      const error = await stop(daemon, { ready: /ready/, cwd }).catch((error) => error)
      const pid = Number(readFileSync(join(cwd, 'pid'), 'utf8'))
      expect(error).toMatchObject({
        code: 'LASTCALL_ENDED_EARLY',
        message: expect.stringMatching(
          new RegExp(
            `has ended (before it was ready|by itself, before it could be stopped) \\(exit code 0\\); what it started still ran, and was killed: .*\\(pid ${pid}\\).*; let it stay in the foreground`,
          ),
        ),
      })
      expect(isThere(pid)).toBe(false)
    })

    test('a program that closes its output is stopped like any other', async () => {
      const program = node(`
      import { closeSync, writeFileSync } from 'node:fs'
      for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(5))
      setInterval(() => {}, 1000)
      closeSync(1)
      closeSync(2)
      writeFileSync('ready', '')
    `)
      const cwd = folder()
      const ready = () => existsSync(join(cwd, 'ready'))
      const stopped = await stop(program, { ready, cwd })
      expect(stopped).toMatchObject({ code: 5, killed: false, stdout: '', stderr: '' })
    })

    test('of a program that starts others without end, none is left', async () => {
      const mark = `sleep 98${Math.floor(Math.random() * 1e6)}`
      // It ends after some seconds in any case.
      const program = `trap '' TERM INT; echo ready
      count=0; while [ $count -lt 1000 ]; do count=$((count + 1)); setsid ${mark} & sleep 0.005; done`
      const stopped = await stop(program, { ready: /ready/, grace: '300ms' })
      expect(stopped).toMatchObject({ killed: true, leftBehind: false })
      expect(running(mark)).toEqual([])
    })

    test('a program that is halted is killed at the end of the grace', async () => {
      const program = node(`
      process.on('SIGTERM', () => process.exit(0))
      console.log('ready')
      process.kill(process.pid, 'SIGSTOP')
      setInterval(() => {}, 1000)
    `)
      const stopped = await stop(program, { ready: /ready/, grace: '300ms' })
      // systemd sends SIGCONT, too.
      expect(stopped.killed).toBe(name !== 'stopLikeSystemd')
    })
  },
)

test('a `ready` that throws is called again until it returns true', async () => {
  const program = node(`
    process.on('SIGTERM', () => process.exit(0))
    setInterval(() => {}, 1000)
    console.log('ready')
  `)
  let calls = 0
  const ready = () => {
    if (++calls < 3) throw new Error('not yet')
    return true
  }
  expect(await stopLikeDocker(program, { ready })).toMatchObject({ killed: false })
  expect(calls).toBe(3)
})
