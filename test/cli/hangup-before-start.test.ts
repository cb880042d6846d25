import { expect, test } from 'vitest'
import { cli } from '../support/programs/command-line.ts'

// The program signals the wrapper as its first act: the wrapper must be listening by then.
test.each(['HUP', 'USR1', 'USR2', 'ALRM', 'PWR'])(
  'a SIG%s that comes as soon as the program runs reaches it, and does not orphan it',
  async (name) => {
    for (let time = 0; time < 20; time++) {
      const run = cli([
        'run',
        '--',
        'sh',
        '-c',
        `trap 'kill $!; echo heard; exit 9' ${name}; kill -${name} $PPID; sleep 1 & wait $!; echo lost`,
      ])
      const ended = await run.ended
      expect(ended).toMatchObject({ code: 9, signal: null, stdout: 'heard\n' })
    }
  },
)
