import { describe, expect, test } from 'vitest'
import {
  lameDuckIn,
  sendsReady,
  shutdownCalls,
} from '../../../src/cli/doctor/application/read-source.ts'
import { SourceFile } from '../../../src/cli/doctor/parse/source.ts'

const callsIn = (text: string) => shutdownCalls(new SourceFile('server.ts', text))
const graceIn = (text: string) => callsIn(text).map(({ grace }) => grace)

describe('the grace of a createShutdown()', () => {
  test.each([
    ["createShutdown({ grace: '25s' })", 25_000],
    ['createShutdown({ grace: "1.5s" }).listen()', 1500],
    ['createShutdown({ grace: `2m` })', 120_000],
    ['createShutdown({ grace: 10_000 })', 10_000],
    ['createShutdown({ grace: 25 * 1000 })', 25_000],
    ["const GRACE: Duration = '20s' as const\ncreateShutdown({ grace: GRACE })", 20_000],
    ['const grace = 5_000;\ncreateShutdown({ grace })', 5000],
    [
      "export const shutdown: Shutdown<Foo> = createShutdown({\n  // '1s'\n  'grace': '3s',\n})",
      3000,
    ],
    ['createShutdown()', undefined],
    ['createShutdown({ margin: 100 })', undefined],
    ['createShutdown({ grace: Number(process.env.GRACE) })', 'unknown'],
    ['createShutdown({ grace: config.grace })', 'unknown'],
    ['let grace = 5; createShutdown({ grace })', 'unknown'],
    ['createShutdown({ grace: `' + '$' + '{n}s` })', 'unknown'],
    ["createShutdown({ grace: 'soon' })", 'unknown'],
    ["createShutdown({ grace: '25s' } as Options)", 'unknown'],
    ['createShutdown(options)', 'unknown'],
    ["createShutdown({ grace: '25s'", 'unknown'],
  ])('%j is %s', (text, grace) => {
    expect(graceIn(text)).toEqual([grace])
  })

  test.each([
    "// createShutdown({ grace: '1s' })",
    "/* createShutdown({\n grace: '1s' }) */",
    'function createShutdown(options) {}',
    'x.createShutdown()',
    'recreateShutdown()',
    "import { createShutdown } from 'lastcall'",
  ])('%j is none', (text) => {
    expect(graceIn(text)).toEqual([])
  })

  test('has its line, also after comments over several', () => {
    const [call] = callsIn("/* a\n   'b */\nconst url = 'http://x' // it's\ncreateShutdown()\n")
    expect(call).toMatchObject({ file: 'server.ts', line: 4 })
  })
})

test('signals, messages and the exit code are read, too', () => {
  const text =
    "createShutdown({ signals: ['SIGTERM', 'SIGHUP'], messages: [], exitCodes: { clean: 'signal' } })"
  expect(callsIn(text)).toMatchObject([
    { signals: ['SIGTERM', 'SIGHUP'], messages: [], leavesWithSignal: true },
  ])
  expect(callsIn("createShutdown({ signals: { on: ['SIGHUP'], forceOn: [] } })")).toMatchObject([
    { signals: ['SIGHUP'] },
  ])
  expect(callsIn('createShutdown({ signals: { forceOn: [] } })')).toMatchObject([
    { signals: undefined },
  ])
  expect(callsIn('createShutdown({ signals: [TERM], messages: all })')).toMatchObject([
    { signals: 'unknown', messages: 'unknown', leavesWithSignal: false },
  ])
})

test('the lame duck has the longest time that a source allows', () => {
  const lameDuck = (text: string) => lameDuckIn(new SourceFile('a.js', text))
  expect(lameDuck("httpServer(s, { lameDuck: '15s' })")).toBe(15_000)
  expect(lameDuck("httpServer(s, { lameDuck: { atMost: '20s' } })")).toBe(20_000)
  expect(lameDuck('httpServer(s, { lameDuck: { probes: 3 } })')).toBeUndefined()
  expect(lameDuck("// lameDuck: '15s'")).toBeUndefined()
})

test.each([
  ["process.send('ready')", true],
  ["process.send?.('ready')", true],
  ['process.send( "ready" )', true],
  ["// process.send('ready')", false],
  ["socket.send('hello')", false],
])('%j sends that it is ready: %s', (text, isSaid) => {
  expect(sendsReady(new SourceFile('a.js', text))).toBe(isSaid)
})
