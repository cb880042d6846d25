import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Report } from '../../../src/engine/report.ts'
import { formatReport } from '../../../src/picture/timeline.ts'
import { HOSTILE, REPORTS } from '../../support/hooks/reports.ts'
import { cli, folder, lastcall, type Process } from '../../support/programs/command-line.ts'

let report: Report
beforeAll(async () => {
  report = (await REPORTS['a drain that is cut off']?.()) as Report
})

/** With stdin, and without what the tests' own terminal wants. */
function timeline(args: readonly string[], { cwd = '/', input = '', env = {} } = {}) {
  const [command = '', ...words] = lastcall('timeline', ...args)
  const { FORCE_COLOR: _, NO_COLOR: __, ...others } = process.env
  const { status, stdout, stderr } = spawnSync(command, words, {
    cwd,
    input,
    encoding: 'utf8',
    env: { ...others, ...env },
  })
  return { code: status, stdout, stderr }
}

describe('draws for the terminal', () => {
  test('a report of a file, as formatReport() does', () => {
    const cwd = folder({ 'report.json': report })
    const stdout = `${formatReport(report, { width: 80, colors: false })}\n`
    expect(timeline(['report.json'], { cwd })).toEqual({ code: 0, stdout, stderr: '' })
  })

  test('a report of stdin, also with a byte order mark', () => {
    const { code, stdout } = timeline(['-'], { input: `\ufeff${JSON.stringify(report)}` })
    expect(code).toBe(0)
    expect(stdout).toContain('cut off at its limit of 6.08 s')
  })

  test('the last report of a log of JSON lines, by itself or in a field', () => {
    const earlier = { ...report, reason: { kind: 'call', note: 'earlier' } }
    const lines = [
      'starting',
      JSON.stringify(earlier),
      JSON.stringify({ level: 30, report }),
      '{"a":1}',
    ]
    const { stdout } = timeline(['-'], { input: lines.join('\n') })
    expect(stdout.split('\n')[0]).toMatch(/^now\(\) → exit code 124/)
  })

  test('in colour where that is forced', () => {
    const input = JSON.stringify(report)
    const { stdout } = timeline(['-'], { input, env: { FORCE_COLOR: '1' } })
    expect(stdout.startsWith('\u001b[1mnow()')).toBe(true)
  })

  test('to a reader that has gone away without a word', async () => {
    const cwd = folder({ 'report.json': await REPORTS['forty hooks']?.() })
    const drawing: Process = cli(['timeline', 'report.json'], { cwd })
    drawing.child.stdout?.destroy()
    expect(await drawing.ended).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('draws a picture', () => {
  test.each([
    ['page.html', /^<!doctype html>\n<html lang="en">/],
    ['page.HTM', /^<!doctype html>/],
    ['image.svg', /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/],
  ])('to %s, and says so', (out, begin) => {
    const cwd = folder({ 'report.json': report })
    const ended = timeline(['report.json', '--out', out], { cwd })
    expect(ended).toEqual({ code: 0, stdout: `${out}\n`, stderr: '' })
    const picture = readFileSync(join(cwd, out), 'utf8')
    expect(picture).toMatch(begin)
    for (const text of [
      'cut off',
      'exit code 124',
      'postgres',
      'prefers-color-scheme: dark',
      'role="img"',
    ]) {
      expect(picture).toContain(text)
    }
  })

  test('as an image also for viewers that know no variables: a light colour comes before each', () => {
    const cwd = folder({ 'report.json': report })
    timeline(['report.json', '--out', 'image.svg'], { cwd })
    const declarations = readFileSync(join(cwd, 'image.svg'), 'utf8')
      .split(/[{;}]/)
      .map((one) => one.trim())
    const variable = declarations.flatMap((one, index) => (one.includes('var(--') ? [index] : []))
    expect(variable.length).toBeGreaterThan(20)
    for (const index of variable) {
      const [property = ''] = declarations[index]?.split(':') ?? []
      expect(declarations[index - 1]).toMatch(new RegExp(`^${property}: #[0-9a-f]{6}$`))
    }
  })

  test.each(['page.html', 'image.svg'])('in which a name is only a name: %s', async (out) => {
    const cwd = folder({ 'report.json': await REPORTS['long and strange names']?.() })
    timeline(['report.json', '--out', out], { cwd })
    const picture = readFileSync(join(cwd, out), 'utf8')
    expect(HOSTILE).toContain('<script')
    expect(picture).toContain('&lt;script&gt;')
    expect(picture).not.toMatch(/<script|<img|\sonerror="|[^\P{Cc}\n]/u)
    expect(picture.match(/<\/style>/g)).toHaveLength(1)
  })

  test('with the stack of what failed and what it was caused by, folded', async () => {
    const error = {
      ...{
        name: 'Error',
        message: 'not sent',
        code: 'E_SENT',
        stack: 'Error: not sent\n    at flush',
      },
      ...{
        cause: {
          name: 'Error',
          message: 'reset',
          code: null,
          stack: null,
          cause: null,
          errors: [],
        },
      },
      errors: [],
    }
    const phases = report.phases.map((phase) => ({
      ...phase,
      hooks: phase.hooks.map((hook) => (hook.status === 'failed' ? { ...hook, error } : hook)),
    }))
    const cwd = folder({ 'report.json': { ...report, phases } })
    timeline(['report.json', '--out', 'page.html'], { cwd })
    const [, trace] =
      /<details>.*?<pre>(.*?)<\/pre>/s.exec(readFileSync(join(cwd, 'page.html'), 'utf8')) ?? []
    expect(trace).toBe('Error: not sent\n    at flush\ncode: E_SENT\ncaused by: Error: reset')
  })
})

describe('draws as much as a reader can look at', () => {
  type Hook = Report['phases'][number]['hooks'][number]
  const many = (hooks: readonly object[], fields: object = {}) => {
    const [phase] = report.phases
    return JSON.stringify({ ...report, phases: [{ ...phase, hooks }], ...fields })
  }
  const hook = (name: string, fields: Partial<Hook> = {}): object => {
    const plain = { phase: 'drain', priority: 400, status: 'done', began: 0, ended: 1, limit: 9000 }
    return { name, ...plain, notes: [], error: null, hang: null, ...fields }
  }
  const hooks = Array.from({ length: 10_000 }, (_, index) => hook(`worker-${index}.`))
  hooks[5000] = hook('slow', { ended: 5000 })
  hooks[7000] = hook('broken', { status: 'failed' })
  /** As drawn on the terminal, as a page and as an image. */
  function drawings(input: string) {
    const cwd = folder({ 'report.json': input })
    const { code, stdout } = timeline(['report.json'], { cwd })
    expect(code).toBe(0)
    const pictures = ['page.html', 'image.svg'].map((out) => {
      expect(timeline(['report.json', '--out', out], { cwd }).code).toBe(0)
      return readFileSync(join(cwd, out), 'utf8')
    })
    const [page = '', image = ''] = pictures
    return [stdout, page, image] as const
  }

  test('of 10,000 hooks those that failed and the slowest, and sums up the others', () => {
    const [text, page, image] = drawings(many(hooks))
    expect(text.match(/worker-\d+\./g)).toHaveLength(98)
    for (const drawing of [text, page, image]) {
      expect(drawing).toContain('broken')
      expect(drawing).toContain('slow')
      expect(drawing).toContain('… and 9900 more hooks, all done')
      expect(drawing.length).toBeLessThan(300_000)
    }
    expect(page).toContain('10000 hooks: 9999 done, 1 failed. slow took longest')
  })

  test('of more hooks that failed it counts the others by how they ended', () => {
    const failed = hooks.map((one, index) => (index < 150 ? { ...one, status: 'failed' } : one))
    const [text] = drawings(many(failed))
    expect(text).toContain('… and 9900 more hooks, 9849 done, 51 failed')
  })

  test('of 10,000 notes a hundred, and of a megabyte its beginning', () => {
    const notes = Array.from({ length: 10_000 }, (_, index) => `note-${index}.`)
    const long = 'é'.repeat(2 ** 20)
    for (const drawing of drawings(many([hook('a', { notes }), hook(long, { notes: [long] })]))) {
      expect(drawing.length).toBeLessThan(50_000)
    }
    const [text] = drawings(many([hook('a', { notes })]))
    expect(text.match(/note-\d+\./g)).toHaveLength(100)
    expect(text).toContain('a: … and 9900 more notes')
    const [other] = drawings(many([hook('a', { notes: [long] })]))
    expect(other.match(/é/g)).toHaveLength(1000)
    expect(other).toContain('more characters)')
  })

  test('of 10,000 faults a hundred', () => {
    const error = { name: 'Error', message: 'no', code: null, stack: null, cause: null, errors: [] }
    const faults = Array.from({ length: 10_000 }, () => ({
      origin: 'uncaughtException',
      error,
      at: 1,
    }))
    for (const drawing of drawings(many([], { faults }))) {
      expect(drawing).toContain('… and 9900 more faults')
      expect(drawing.length).toBeLessThan(100_000)
    }
  })
})

describe('tells in one line, with 125', () => {
  const with_ = (path: string, value: unknown) => {
    const copy = structuredClone(report) as never
    const keys = path.split('.')
    const last = keys.pop() ?? ''
    const holder = keys.reduce((one: Record<string, never>, key) => one[key] as never, copy)
    Object.assign(holder, { [last]: value })
    return JSON.stringify(copy)
  }
  const refused = (args: readonly string[], options = {}) => {
    const { code, stdout, stderr } = timeline(args, options)
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' })
    expect(stderr).toMatch(/^lastcall: [^\n]+\n$/)
    expect(stderr).not.toMatch(/ {4}at |node:/)
    return stderr.slice('lastcall: '.length, -1)
  }

  test('a report of another version', () => {
    expect(refused(['-'], { input: with_('version', 2) })).toBe(
      'stdin is a report of version 2, and this lastcall reads version 1: use the lastcall that has written it, or a later one',
    )
  })

  test('one that is cut off, wherever that is', () => {
    const text = JSON.stringify(report, null, 2)
    for (const length of [1, 20, 21, 22, 60, 100, 333, 800, text.length - 2, text.length - 1]) {
      const message = refused(['-'], { input: text.slice(0, length) })
      const lines = text.slice(0, length).trimEnd().split('\n')
      expect(message).toBe(
        `stdin is cut off: its JSON ends in the middle, at line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`,
      )
    }
  })

  test.each([
    [
      'a log without a report',
      '{"level":"info","msg":"a"}\nplain\n{"level":"info","msg":"b"}\n',
      /^stdin is a log in which no line holds a report; a program logs it by shutdown\.on/,
    ],
    ['no JSON', '<html>', /^stdin is no JSON/],
    ['JSON with a fault', '{"version":1,\n"reason":SIGTERM}', /^stdin is no JSON/],
    [
      'JSON that is no report',
      '{"name":"lastcall"}',
      'stdin is not a report of lastcall: version is missing',
    ],
    [
      'a number',
      '7',
      'stdin is not a report of lastcall: expected it to be an object, got 7 (number)',
    ],
    ['null', 'null', 'stdin is not a report of lastcall: expected it to be an object, got null'],
    ['nothing', '', /^stdin is empty; a program writes it by shutdown\.on\('end'/],
    ['bytes', '\0\u0001\u0002', 'stdin is no text in UTF-8: a report is JSON'],
  ])('%s', (_what, input, message) => {
    expect(refused(['-'], { input })).toMatch(message)
  })

  test.each([
    [
      'duration',
      '6 s',
      "expected duration to be a time in milliseconds, 0 or more, got '6 s' (string)",
    ],
    ['deadline', -1, 'expected deadline to be a time in milliseconds, 0 or more, got -1 (number)'],
    ['phases', {}, 'expected phases to be an array, got an object (Object)'],
    ['phases.1.hooks', 1e9, 'expected phases[1].hooks to be an array, got 1000000000 (number)'],
    [
      'phases.1.hooks.0.limit',
      null,
      'expected phases[1].hooks[0].limit to be a time in milliseconds, 0 or more, got null',
    ],
    [
      'phases.1.hooks.0.status',
      'fine',
      "expected phases[1].hooks[0].status to be done, failed, cut off, got 'fine' (string)",
    ],
    ['phases.0.hooks.0.ended', 0, undefined],
    [
      'phases.1.hooks.0.notes',
      [1],
      'expected phases[1].hooks[0].notes[0] to be a string, got 1 (number)',
    ],
    [
      'phases.1.hooks.0.error.stack',
      5,
      'expected phases[1].hooks[0].error.stack to be a string, got 5 (number)',
    ],
    ['phases.2.hooks.0.ended', 1, 'phases[2].hooks[0] ended before it began'],
    [
      'reason.kind',
      'whim',
      "expected reason.kind to be signal, fault, message, call, empty, got 'whim' (string)",
    ],
    ['faults', [{}], 'faults[0].origin is missing'],
    ['processOutcome', 7, 'expected processOutcome to be a string, got 7 (number)'],
    ['processOutcome', 'failed', undefined],
    ['reason', { kind: 'empty' }, undefined],
  ])('a report whose %s is %j', (path, value, message) => {
    const input = with_(path, value)
    if (message === undefined) expect(timeline(['-'], { input }).code).toBe(0)
    else expect(refused(['-'], { input })).toBe(`stdin is not a report of lastcall: ${message}`)
  })

  test.each([
    ['an error with 20,000 causes', 'cause'],
    ['a field with 100,000 fields', 'report'],
  ])('JSON that is nested too deeply: %s', (_, what) => {
    const nested = (before: string, depth: number) =>
      `${before.repeat(depth)}null${'}'.repeat(depth)}`
    const causes = '{"name":"E","message":"m","code":null,"stack":null,"errors":[],"cause":'
    const input =
      what === 'report'
        ? nested('{"report":', 100_000)
        : with_('phases.1.hooks.0.error', 'here').replace('"here"', nested(causes, 20_000))
    expect(refused(['-'], { input })).toBe(
      'stdin is not a report of lastcall: it is nested too deeply',
    )
  })

  test('a number that JSON can say and a time cannot be', () => {
    const input = JSON.stringify(report).replace(/"duration":\d+/, '"duration":1e999')
    expect(refused(['-'], { input })).toMatch(/duration to be a time .* got Infinity/)
  })

  test('a file that is not there, a folder, and one that is too large', () => {
    const cwd = folder({ large: '' })
    mkdirSync(join(cwd, 'folder'))
    truncateSync(join(cwd, 'large'), 65 * 2 ** 20)
    expect(refused(['report.json'], { cwd })).toMatch(
      /^report\.json can't be read: there is no such file; a program writes it by/,
    )
    expect(refused(['folder'], { cwd })).toBe("folder can't be read: it is a folder")
    expect(refused(['large'], { cwd })).toBe('large is 65 MB: no report is longer than 64 MB')
    expect(refused(['a\u001b[31m\nb'], { cwd })).toMatch(/^a b can't be read/)
  })

  const isRoot = process.getuid?.() === 0

  test.skipIf(isRoot)(`a file that may not be read${isRoot ? ' (root may read all)' : ''}`, () => {
    const cwd = folder({ 'report.json': report })
    chmodSync(join(cwd, 'report.json'), 0)
    expect(refused(['report.json'], { cwd })).toBe("report.json can't be read: permission denied")
  })

  test('where the picture cannot be written, or is of no kind that there is', () => {
    const cwd = folder({ 'report.json': report })
    mkdirSync(join(cwd, 'folder.svg'))
    const out = (path: string) => refused(['report.json', '--out', path], { cwd })
    expect(out('folder.svg')).toBe("folder.svg can't be written: it is a folder")
    expect(out('none/page.html')).toBe("none/page.html can't be written: there is no such folder")
    expect(out('report.json/page.html')).toBe(
      "report.json/page.html can't be written: a part of its path is no folder",
    )
    expect(out('page.png')).toBe(
      '--out page.png is neither .html nor .svg: the name says what is drawn',
    )
  })

  test('nothing to read, an option without its value, and one given twice', () => {
    expect(refused([])).toBe('timeline needs a file with a report, or - for stdin')
    expect(refused(['-', '--out'])).toContain('--out')
    expect(refused(['-', '--out', 'a.svg', '--out', 'b.svg'])).toBe('--out is given more than once')
  })
})
