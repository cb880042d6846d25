import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HookReport, Report } from '../../src/engine/report.ts'
import { formatReport } from '../../src/picture/timeline.ts'
import { virtualShutdown } from '../support/hooks/virtual.ts'

async function troubledReport() {
  const { shutdown, clock } = virtualShutdown({ grace: '2s', log: false })
  shutdown.add([
    { name: 'consul', phase: 'deregister', run: () => clock.sleep(100) },
    {
      name: 'http',
      phase: 'drain',
      timeout: '500ms',
      run: ({ note }) => {
        note('12 requests')
        return new Promise(() => {})
      },
    },
    { name: 'jobs', phase: 'drain', run: () => clock.sleep(200) },
    { name: 'postgres', phase: 'close', run: () => Promise.reject(new Error('boom')) },
  ])
  void shutdown.now('deploy')
  await clock.advance(2000)
  if (!shutdown.report) throw new Error('the shutdown is not over')
  return shutdown.report
}

const plain = { width: 80, colors: false } as const

test('a shutdown is drawn on one time scale, a line for each hook, with what went wrong below', async () => {
  const text = formatReport(await troubledReport(), plain)
  expect(`\n${text}\n`).toMatchInlineSnapshot(`
    "
    now('deploy') → exit code 124 (cut off) after 600 ms
      deadline 1.8 s (grace 2 s, set by the application)
      deregister  consul    ██────────────────────────░░░░┤          100 ms
      drain       http        ██████████┤                            500 ms  cut off
                  jobs        █████───────────────────────░░░░┤      200 ms
      close       postgres               ▏─────────────────────░░░┤    0 ms  failed
                            ╵0        ╵500 ms    ╵1 s     deadline╵
      ┤ limit  ░ reserve
      http: cut off at its limit of 500 ms
      http: 12 requests
      postgres: Error: boom
    "
  `)
})

test('a clean run is drawn without limits that lie outside of the picture', async () => {
  const { shutdown, clock } = virtualShutdown({ grace: '10s', exit: false })
  shutdown.add([
    { name: 'http', phase: 'drain', run: () => clock.sleep(40) },
    { name: 'postgres', phase: 'close', run: () => clock.sleep(5) },
  ])
  const ended = shutdown.now()
  await clock.advance(100)
  expect(`\n${formatReport(await ended, plain)}\n`).toMatchInlineSnapshot(`
    "
    now() → exit code 0 (clean) after 45 ms; deadline 9 s (grace 10 s)
      drain  http      ████████████████████████████████████████████████        40 ms
      close  postgres                                                  ██████   5 ms
                       ╵0          ╵10 ms      ╵20 ms      ╵30 ms      ╵40 ms
    "
  `)
})

test('a hook that has hung says what its limit came from, and what was kept is drawn', async () => {
  const { shutdown, clock } = virtualShutdown({ grace: '10s', exit: false, log: false })
  shutdown.add([
    { name: 'http', phase: 'drain', run: () => new Promise(() => {}) },
    { name: 'events', phase: 'flush', reserve: '2s', run: () => clock.sleep(600) },
    { name: 'postgres', phase: 'close', run: () => clock.sleep(20) },
  ])
  const ended = shutdown.now()
  await clock.advance(10_000)
  expect(`\n${formatReport(await ended, plain)}\n`).toMatchInlineSnapshot(`
    "
    now() → exit code 124 (cut off) after 6.7 s; deadline 9 s (grace 10 s)
      drain  http      █████████████████████████████┤                6.08 s  cut off
      flush  events                                 ████░░░░░░┤      600 ms
      close  postgres                                  ▏──────░░░░┤   20 ms
                       ╵0       ╵2 s      ╵4 s      ╵6 s  deadline╵
      ┤ limit  ░ reserve
      http: cut off at its limit of 6.08 s: the rest was kept for flush (2 s) and
        close (900 ms)
    "
  `)
})

test('what ran past its limit, what never ran, faults and late hooks are drawn', async () => {
  const { shutdown, clock } = virtualShutdown({ grace: '2s', exit: false, log: false })
  shutdown.on('hook:end', ({ hook }) => {
    if (hook.name !== 'http') return
    shutdown.add({ name: 'late', phase: 'announce', run: () => clock.sleep(100) })
    throw new TypeError('not a function')
  })
  shutdown.add([
    { name: 'http', phase: 'drain', timeout: '400ms', run: () => new Promise(() => {}) },
    { name: 'jobs', phase: 'drain', run: () => clock.sleep(600) },
  ])
  const ended = shutdown.now()
  await clock.advance(2000)
  const report = await ended
  // As a loop that was blocked leaves it.
  const [drain] = report.phases
  const blocked = {
    ...report,
    duration: 2200,
    phases: [
      { ...drain, hooks: drain?.hooks.map((hook) => ({ ...hook, ended: 2200 })) },
      ...report.phases.slice(1),
      phaseOf({ name: 'flush', priority: 200 }, { began: null, ended: 2200, status: 'cut off' }),
    ],
  } as Report
  expect(`\n${formatReport(blocked, plain)}\n`).toMatchInlineSnapshot(`
    "
    now() → exit code 1 (fault) after 2.2 s
      deadline 1.8 s (grace 2 s, set by the application)
      drain     http      ██████┤▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒      2.2 s  cut off
                jobs      ██████████████████████████████████████      2.2 s
      announce  late            ███──────────────────────┤           100 ms
      flush     hook                                           ×  never ran  cut off
      fault     listener        !                                    400 ms
                          ╵0               ╵1 s  deadline╵  ╵2 s
      http: cut off at its limit of 400 ms
      hook: never ran: the deadline had passed before it could begin
      listener: TypeError: not a function
      http: still running: hook 'jobs' (drain), 400 ms old
    "
  `)
})

test('what was under way when a hook was cut off is named', async () => {
  const { shutdown, clock } = virtualShutdown({ grace: '2s', exit: false, log: false })
  shutdown.add([
    { name: 'http', phase: 'drain', timeout: '400ms', run: () => new Promise(() => {}) },
    {
      name: 'jobs',
      phase: 'drain',
      run: ({ waitingFor }) => {
        waitingFor(() => ['resize 7', 'mail 8'])
        return clock.sleep(600)
      },
    },
  ])
  const ended = shutdown.now()
  await clock.advance(2000)
  expect(
    formatReport(await ended, plain)
      .split('\n')
      .slice(-3),
  ).toEqual([
    "  http: still running: hook 'jobs' (drain), 400 ms old",
    '  http:   waits for resize 7',
    '  http:   waits for mail 8',
  ])
})

test('colours are used only where they are asked for, and change nothing else', async () => {
  const report = await troubledReport()
  const drawn = formatReport(report, plain)
  const painted = formatReport(report, { width: 80, colors: true })
  expect(drawn).toBe(stripVTControlCharacters(drawn))
  expect(painted).not.toBe(drawn)
  expect(stripVTControlCharacters(painted)).toBe(drawn)
})

test('a shutdown without hooks is one line', async () => {
  const { shutdown } = virtualShutdown({ exit: false })
  expect(formatReport(await shutdown.now(), plain)).toBe(
    'now() → exit code 0 (clean) after 0 ms; deadline 9 s (grace 10 s)',
  )
})

test('names and notes cannot write to the terminal what they like', async () => {
  const { shutdown } = virtualShutdown({ exit: false, log: false })
  shutdown.add({
    name: 'a\u001b[2Jb\u001b]0;title\u0007c\rd\u202ee',
    phase: 'close',
    run: ({ note }) => note('one\ntwo\u009b31m\u0008 \u001b[31mthree\u001b[0m'),
  })
  const text = formatReport(await shutdown.now('\u001b[31mred\u001b[0m'), plain)
  expect(text).not.toMatch(/[^\P{C}\n]/u)
  expect(text).toContain("now('red')")
  expect(text).toContain('abc d\\u202ee: one\n    two\\u0008 three')
})

test.each([
  ['a string', { width: '80' }, /Expected `width` to be a number of columns, got '80' \(string\)/],
  ['no number', { width: Number.NaN }, /`width`.*NaN/],
  ['misspelt', { colours: true }, /Unknown option `colours`. Did you mean `colors`\?/],
])('options that are %s are refused', async (_what, options, message) => {
  const report = await troubledReport()
  expect(() => formatReport(report, options as object)).toThrow(message)
})

test.each([0, -5, 7, 19.9])('a width of %d counts as 20', async (width) => {
  const report = await troubledReport()
  const lines = formatReport(report, { width, colors: false })
  expect(lines).toBe(formatReport(report, { width: 20, colors: false }))
})

describe('no line is wider than the width', () => {
  const columnsOf = measure()

  test('of any report', () => {
    fc.assert(
      fc.property(reports, fc.integer({ min: 20, max: 400 }), (report, width) => {
        const lines = formatReport(report, { width, colors: false }).split('\n')
        expect(lines.filter((line) => columnsOf(line) > width)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('and the longest of a usual one ends where it does', async () => {
    for (const width of [60, 80, 120, 200]) {
      const [, ...lines] = formatReport(await troubledReport(), { width, colors: false }).split(
        '\n',
      )
      expect(Math.max(...lines.map(columnsOf))).toBe(width)
    }
  })

  test('with a thousand hooks, of which a hundred are drawn', async () => {
    const hooks = Array.from({ length: 1000 }, (_, index) => hookOf({ name: `hook-${index}` }))
    const report = { ...(await troubledReport()), phases: [{ ...phaseOf(), hooks }] }
    const lines = formatReport(report, plain).split('\n')
    expect(lines.filter((line) => line.includes('hook-'))).toHaveLength(100)
    expect(lines).toContain('  … and 900 more hooks, all done')
    expect(lines.filter((line) => columnsOf(line) > 80)).toEqual([])
  })

  test('nor than 500 columns, where the terminal is wider', async () => {
    const lines = formatReport(await troubledReport(), { ...plain, width: 2 ** 31 }).split('\n')
    expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(500)
  })
})

/** Node's own measure, by where it would set the cursor. */
function measure(): (line: string) => number {
  const output = Object.assign(new Writable(), { columns: 1_000_000 })
  const lines = createInterface({ input: process.stdin, output, terminal: false })
  process.stdin.pause()
  return (line) => {
    Object.assign(lines, { line, cursor: line.length })
    lines.setPrompt('')
    return lines.getCursorPos().cols
  }
}

function hookOf(more: Partial<HookReport> = {}): HookReport {
  const hook = { name: 'hook', phase: 'drain', priority: 400, status: 'done', began: 0, ended: 10 }
  return { ...hook, limit: 900, notes: [], error: null, ...more } as HookReport
}

function phaseOf(more: object = {}, hook: Partial<HookReport> = {}) {
  const phase = { name: 'drain', priority: 400, reserve: 100, began: 0, ended: 10 }
  return { ...phase, hooks: [hookOf(hook)], ...more }
}

const texts = fc.oneof(
  fc.string({ maxLength: 120 }),
  // Node counts some musical symbols twice, for it takes them apart.
  fc
    .string({ unit: 'binary', maxLength: 30 })
    .map((text) => text.replace(/[\u{1d100}-\u{1d1ff}]/gu, '')),
  fc
    .array(fc.constantFrom('注文', 'a', '🚀', ' ', '\n', '\u001b[31m', 'ü', '한'), {
      maxLength: 60,
    })
    .map((parts) => parts.join('')),
)
const times = fc.oneof(
  fc.integer({ min: 0, max: 20_000 }),
  fc.double({ min: 0, max: 1e7, noNaN: true }),
)
const errors = fc.record({ name: texts, message: texts }).map((error) => ({
  ...error,
  code: null,
  stack: null,
  cause: null,
  errors: [],
}))
const hooks = fc
  .record({
    name: texts,
    status: fc.constantFrom('done' as const, 'failed' as const, 'cut off' as const),
    began: fc.option(times),
    took: times,
    limit: times,
    notes: fc.array(texts, { maxLength: 3 }),
    error: fc.option(errors),
  })
  .map(({ took, ...hook }) => hookOf({ ...hook, ended: (hook.began ?? 0) + took }))
const phases = fc
  .record({
    name: texts,
    priority: fc.integer(),
    reserve: times,
    hooks: fc.array(hooks, { maxLength: 4 }),
  })
  .map((phase) => phaseOf(phase))
const reports: fc.Arbitrary<Report> = fc.record({
  version: fc.constant(1 as const),
  reason: fc.option(texts).map((note) => ({ kind: 'call' as const, note })),
  platform: fc.constant({ name: 'docker' as const, grace: 10_000, because: '', also: [] }),
  outcome: fc.constant('failed' as const),
  exitCode: fc.nat(255),
  startedAt: fc.constant('2026-01-01T00:00:00.000Z'),
  grace: times,
  margin: times,
  deadline: times,
  duration: times,
  phases: fc.array(phases, { maxLength: 5 }),
  faults: fc.array(
    fc.record({ origin: fc.constant('listener' as const), error: errors, at: times }),
    { maxLength: 2 },
  ),
})
