import { expect, test } from 'vitest'
import { guardExit } from '../../../src/exit/watchdog/exit-guard.ts'
import { VirtualClock, VirtualProcess } from '../../support/hooks/virtual.ts'

/** What the shell gets: after how many seconds it kills, and what it writes then. */
function guarded(format: 'text' | 'json' | 'silent') {
  const host = new VirtualProcess()
  let given: readonly string[] = []
  Object.assign(host, { startShell: (_: string, args: readonly string[]) => (given = args) })
  guardExit(host, new VirtualClock(), 1500, format)
  return given
}

const msg = 'the exit is blocked by a worker thread that does not end: killed'

test('in JSON the line is one of the log, with the time of the kill', () => {
  const [seconds, line = ''] = guarded('json')
  expect(seconds).toBe('1.500')
  expect(Object.entries(JSON.parse(line))).toEqual([
    ['level', 'fatal'],
    ['time', '2000-01-01T00:00:01.500Z'],
    ['pid', 4242],
    ['name', 'lastcall'],
    ['event', 'blocked'],
    ['msg', msg],
  ])
})

test('as text it is a line; silent, it is nothing', () => {
  expect(guarded('text')).toEqual(['1.500', `lastcall: ${msg}\n`])
  expect(guarded('silent')).toEqual(['1.500', ''])
})
