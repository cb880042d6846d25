import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { wantsColors } from '../../src/runtime/outputs.ts'
import { Script } from '../support/programs/script.ts'

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ TERM: 'dumb' }, true, false],
  [{ FORCE_COLOR: '' }, false, true],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '3' }, false, true],
  [{ FORCE_COLOR: 'true' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ FORCE_COLOR: 'false' }, true, false],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
])('with %j, and a terminal: %j, colours are wanted: %j', (env, isTerminal, wanted) => {
  expect(wantsColors(env, isTerminal)).toBe(wanted)
})

describe('formatReport() in a process', () => {
  const code = `
    import { createShutdown, formatReport } from 'lastcall'
    const shutdown = createShutdown({ exit: false })
    shutdown.add({ name: 'pool', phase: 'close', run: () => {} })
    const report = { ...(await shutdown.now()), duration: 100 }
    process.stdout.write('drawn ' + JSON.stringify(formatReport(report)) + ' drawn')
  `
  const { NO_COLOR: _, FORCE_COLOR: __, ...others } = process.env
  const env = { ...others, TERM: 'xterm', SHELL: '/bin/sh' }
  const drawn = (output: string) => JSON.parse(/drawn (.*) drawn/s.exec(output)?.[1] ?? '')
  const bold = '\u001b[1mnow()'

  test('has no colours and 80 columns where stderr is a pipe, unless colours are forced', async () => {
    const { stdout } = await new Script(code, { env }).ended
    expect(drawn(stdout)).toMatch(/^now\(\)/)
    expect(drawn(stdout).split('\n')[1]).toHaveLength(80)
    const forced = await new Script(code, { env: { ...env, FORCE_COLOR: '1' } }).ended
    expect(drawn(forced.stdout).slice(0, bold.length)).toBe(bold)
  })

  const hasTerminal = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0
  const needs = hasTerminal ? '' : ' (needs script, of util-linux)'

  test.skipIf(!hasTerminal && !process.env.CI)(
    `has colours and the columns of the terminal where stderr is one${needs}`,
    () => {
      const command = 'stty cols 132; node --input-type=module -e "$CODE"'
      const inTerminal = (more: object) =>
        spawnSync('script', ['-qec', command, '/dev/null'], {
          encoding: 'utf8',
          env: { ...env, CODE: code, ...more },
        }).stdout
      expect(drawn(inTerminal({})).slice(0, bold.length)).toBe(bold)
      const plain = drawn(inTerminal({ NO_COLOR: '1' }))
      expect(plain).toMatch(/^now\(\)/)
      expect(plain.split('\n')[1]).toHaveLength(132)
    },
  )
})
