import { describe, expect, test } from 'vitest'
import { readCommandLine } from '../../src/cli/command-line.ts'
import { failureOf } from '../support/programs/command-line.ts'

/** The command that a line asks for. */
function invocation(...args: readonly string[]) {
  const request = readCommandLine(args)
  if (request.kind !== 'command') throw new Error(`it asks for ${request.kind}`)
  return request.invocation
}

describe('a command gets', () => {
  test('its options, its argument, and defaults for what is not given', () => {
    expect(invocation('stop', 'app.pid', '--grace', '5s')).toMatchObject({
      command: 'stop',
      argument: 'app.pid',
      options: { grace: '5s', signal: 'TERM' },
    })
  })

  test('values as they were typed, also those that look like numbers', () => {
    for (const value of ['0042', '1e3', '0x10', '.5', 'true']) {
      expect(invocation('run', '--pidfile', value).options).toMatchObject({ pidfile: value })
      expect(invocation('run', `--pidfile=${value}`).options).toMatchObject({ pidfile: value })
    }
    expect(invocation('stop', '010').argument).toBe('010')
  })

  test('a value that begins with - or holds =', () => {
    expect(invocation('run', '--pidfile=-a', '--signal=TERM=QUIT').options).toMatchObject({
      pidfile: '-a',
      signal: ['TERM=QUIT'],
    })
  })

  test('options that stand before it, even with its own name as a value', () => {
    expect(invocation('--grace', '5s', 'stop', '7')).toMatchObject({ command: 'stop' })
    expect(invocation('--pidfile', 'stop', 'run')).toMatchObject({
      command: 'run',
      options: { pidfile: 'stop' },
    })
  })

  test('each value of an option that may be repeated, and a flag once', () => {
    const { options } = invocation('run', '--signal', 'TERM=INT', '--signal', 'INT=QUIT', '--group')
    expect(options).toMatchObject({ signal: ['TERM=INT', 'INT=QUIT'], group: true })
    expect(invocation('run', '--group', '--group').options).toMatchObject({ group: true })
  })

  test('what stands after the first --: run as its program, the others as their argument', () => {
    const program = ['node', '--grace', '--', '-h']
    expect(invocation('run', '--group', '--', ...program)).toMatchObject({ program })
    expect(invocation('stop', '--', '-5')).toMatchObject({ argument: '-5', program: [] })
  })

  test('a dash as its argument', () => {
    expect(invocation('timeline', '-').argument).toBe('-')
  })
})

describe('help and version', () => {
  test.each([
    [['run', '--help']],
    [['--help', 'run']],
    [['run', '--bogus', '-h']],
    [['run', '--grace', '--help']],
    [['run', 'node', '--version', '--help']],
    [['run', '-vh', '--', 'x']],
  ])('%j asks for the help of run', (args) => {
    expect(readCommandLine(args)).toEqual({ kind: 'help', command: 'run' })
  })

  test.each([[['-v']], [['run', '--version', '--', 'x']], [['start', '-v']]])(
    '%j asks for the version',
    (args) => {
      expect(readCommandLine(args)).toEqual({ kind: 'version' })
    },
  )

  test.each([[[]], [['--']], [['--', 'run']]])('%j asks for nothing', (args) => {
    expect(readCommandLine(args)).toEqual({ kind: 'nothing' })
  })
})

describe('refused is', () => {
  test.each([
    [['start', '--bogus'], "there is no command 'start'; see lastcall --help"],
    [[''], "there is no command ''; see lastcall --help"],
    [['--bogus', 'start'], 'there is no option --bogus without a command; see lastcall --help'],
    [['-x'], 'there is no option -x without a command; see lastcall --help'],
    [['constructor'], "there is no command 'constructor'; see lastcall --help"],
    [['doctor', '--__proto__', 'x'], 'Unknown option `--__proto__`; see lastcall --help'],
    [['doctor', '--toString'], 'Unknown option `--toString`; see lastcall --help'],
    [['doctor', '--grace.x', '1s'], 'Unknown option `--grace.x`; see lastcall --help'],
    [['doctor', '--no-json'], 'Unknown option `--no-json`; see lastcall --help'],
    [['doctor', '---json'], 'Unknown option `---json`; see lastcall --help'],
    [['doctor', '--out', 'x'], 'Unknown option `--out`; see lastcall --help'],
    [['stop', '-5'], 'Unknown option `-5`; see lastcall --help'],
    [['stop', '5', '6'], 'Unexpected argument `6`; see lastcall --help'],
    [['stop', '5', '--', '6'], 'Unexpected argument `6`; see lastcall --help'],
    [['stop', '5', '--grace'], '--grace needs a value'],
    [['stop', '5', '--grace='], '--grace needs a value'],
    [['stop', '5', '--grace', ''], '--grace needs a value'],
    [['stop', '5', '--grace', '--'], '--grace needs a value'],
    [
      ['stop', '5', '--grace', '--signal', 'INT'],
      '--grace needs a value; if it starts with -, write --grace=<value>',
    ],
    [['stop', '5', '--grace', '1s', '--grace=1s'], '--grace is given more than once'],
    [['doctor', '--json=false'], '--json takes no value'],
    [['doctor', '--json='], '--json takes no value'],
  ])('%j', (args, message) => {
    expect(failureOf(() => readCommandLine(args))).toEqual({ code: 125, message })
  })
})
