import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FeatureGroup } from '../feature.ts'
import { endsWith, type Lab } from '../lab.ts'

const sh = (script: string) => ['sh', '-c', script]

/** Says what it hears, and ends with this code. A child that was forked and not executed yet heeds SIGKILL alone. */
const hears = (code: number) =>
  `trap 'kill -KILL $!; echo heard; exit ${code}' TERM; sleep 1000 & echo up; wait; wait`

/** A folder of the lab. */
const folder = (lab: Lab) => dirname(lab.write('folder/.keep', ''))

export const commandLine: FeatureGroup = {
  name: 'The command line',
  features: [
    {
      name: '`lastcall --help`',
      check: (lab) =>
        endsWith(lab.lastcall(['--help']), { code: 0, stdout: /lastcall run/, stderr: '' }),
    },
    {
      name: "`lastcall run`: the signal is passed on, the program's code returned",
      check: async (lab) => {
        const program = lab.lastcall(['run', '--grace', '10s', '--', ...sh(hears(7))])
        await program.says('up')
        await endsWith(program.send('SIGTERM'), { code: 7, stdout: 'up\nheard\n' })
      },
    },
    {
      name: '`lastcall run`: 128 + n for a program that a signal ended, 127 for a program that does not exist',
      check: async (lab) => {
        await endsWith(lab.lastcall(['run', '--', ...sh('kill -USR1 $$')]), { code: 138 })
        await endsWith(lab.lastcall(['run', '--', 'there-is-no-such-program']), { code: 127 })
      },
    },
    {
      name: '`lastcall run`: a program that ignores the signal is killed at the limit, 137',
      check: async (lab) => {
        const deaf = sh('trap "" TERM; echo up; exec sleep 1000')
        const program = lab.lastcall(['run', '--grace', '500ms', '--', ...deaf])
        await program.says('up')
        await endsWith(program.send('SIGTERM'), { code: 137 })
      },
    },
    {
      name: '`lastcall run` of a program on this runtime, with this library in it',
      check: async (lab) => {
        const file = lab.file(`
          import { createShutdown } from 'lastcall'
          const shutdown = createShutdown({ log: false })
          shutdown.add({ name: 'pool', phase: 'close', run: () => console.log(shutdown.platform.name) })
          shutdown.listen()
          setInterval(() => {}, 1000)
          console.log('ready')`)
        const program = lab.lastcall(['run', '--grace', '10s', '--', ...lab.command(file)])
        await program.says('ready')
        await endsWith(program.send('SIGTERM'), {
          code: 0,
          stdout: 'ready\nlastcall\n',
          stderr: '',
        })
      },
    },
    {
      name: '`lastcall run --config`: a group, ended in order',
      check: async (lab) => {
        const one = (name: string, priority: number) => {
          const [command, ...args] = sh(hears(0))
          return { name, command, args, priority, stopWait: '3s', startFor: '0s' }
        }
        const config = { grace: '10s', programs: [one('web', 20), one('db', 10)] }
        const file = lab.write('lastcall.config.json', JSON.stringify(config))
        const program = lab.lastcall(['run', '--config', file])
        await program.says(/web +\| up/)
        await program.says(/db +\| up/)
        const stdout = /web +\| heard\n[\s\S]*db +\| heard\n/
        await endsWith(program.send('SIGTERM'), { code: 0, stdout })
      },
    },
    {
      name: '`lastcall stop` sends the signal, and waits',
      check: async (lab) => {
        const program = lab.start(sh(hears(0)))
        await program.says('up')
        await endsWith(lab.lastcall(['stop', String(program.pid), '--grace', '10s']), { code: 0 })
        await endsWith(program, { code: 0, stdout: 'up\nheard\n' })
      },
    },
    {
      name: '`lastcall stop`: SIGKILL at the end of the grace, 137',
      check: async (lab) => {
        const program = lab.start(sh('trap "" TERM; echo up; exec sleep 1000'))
        await program.says('up')
        const args = ['stop', String(program.pid), '--grace', '300ms']
        await endsWith(lab.lastcall(args), { code: 137 })
        assert.equal((await program.ended).signal, 'SIGKILL')
      },
    },
    {
      name: '`lastcall run --detach` with a pid file, and `lastcall stop` of that',
      check: async (lab) => {
        const [pidFile, log] = ['app.pid', 'app.log'].map((name) => join(folder(lab), name))
        const places = ['--detach', '--pidfile', String(pidFile), '--output', String(log)]
        const start = lab.lastcall(['run', ...places, '--', ...sh(hears(0))])
        const { stdout } = await endsWith(start, { code: 0 })
        assert.match(stdout, /^\d+\n$/)
        await endsWith(lab.lastcall(['stop', String(pidFile), '--grace', '10s']), { code: 0 })
        assert.equal(existsSync(String(pidFile)), false)
        assert.match(readFileSync(String(log), 'utf8'), /heard/)
      },
    },
  ],
}
