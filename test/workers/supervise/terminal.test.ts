import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { Script, shutdownScript } from '../../support/programs/script.ts'

const isThere = spawnSync('script', ['--version'], { encoding: 'utf8' })
const refused = isThere.stdout?.includes('util-linux') ? '' : ' (needs script, of util-linux)'

test.skipIf(refused)(
  `Ctrl-C in a terminal stops the programs in order, each signalled once and by its own signal${refused}`,
  async () => {
    const heard = `heard() { echo got $1; kill -KILL $!; sleep 0.1; exit 0; }
      trap 'heard INT' INT; trap 'heard TERM' TERM; sleep 1000 & echo up; wait`
    const code = shutdownScript(`
      import { supervise } from 'lastcall/workers'
      const programs = supervise([
        { name: 'web', command: 'sh', args: ['-c', ${JSON.stringify(heard)}], priority: 2, startFor: 0 },
        { name: 'db', command: 'sh', args: ['-c', ${JSON.stringify(heard)}], priority: 1, startFor: 0 },
      ])
      programs.on('state', ({ name, to }) => say(name + ' ' + to))
      shutdown.on('start', ({ reason }) => say('terminal ' + reason.terminal))
      shutdown.add(programs)
      programs.start()
    `)
    const line = `exec "$NODE" --input-type=module -e "$CODE"`
    const script = new Script('', {
      // What the helper appends is not needed, and would be taken for options.
      prefix: ['sh', '-c', 'exec script --quiet --return --command "$LINE" /dev/null'],
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, LINE: line, NODE: process.execPath, CODE: code },
    })
    for (const text of ['web | up', 'db  | up', 'ready']) await script.says(text)
    script.child.stdin?.write('\x03')
    const { code: exitCode, stdout } = await script.ended
    const lines = stdout.split('\r\n').filter((text) => /terminal|got|STOP/.test(text))
    expect(lines.map((text) => text.replace('^C', ''))).toEqual([
      'terminal true',
      ...['web STOPPING', 'web | got TERM', 'web STOPPED'],
      ...['db STOPPING', 'db  | got TERM', 'db STOPPED'],
    ])
    expect(exitCode).toBe(0)
  },
)
