import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cli, folder } from '../support/programs/command-line.ts'

const TOUCH = ['--', 'touch', 'started']

/** What is told, in one line, where nothing is started and nothing printed. */
async function refusal(args: readonly string[], files: Record<string, unknown> = {}) {
  const cwd = folder(files)
  const ended = await cli(args, { cwd }).ended
  expect(ended).toMatchObject({ code: 125, signal: null, stdout: '' })
  expect(ended.stderr).toMatch(/^lastcall: .+\n$/)
  expect(readdirSync(cwd).sort()).toEqual(Object.keys(files).sort())
  return ended.stderr
}

describe('lastcall run refuses', () => {
  test.each([
    ['nothing at all', [], 'write the program after --, as in lastcall run -- node worker.js'],
    ['nothing after --', ['--'], 'nothing to run: write the program after --'],
    ['a program without --', ['touch', 'started'], 'write the program to run after --'],
    ['a program before --', ['touch', ...TOUCH], 'write the program to run after --'],
    [
      'a program and a file',
      ['--config', 'a.json', ...TOUCH],
      'a program and --config cannot be used together',
    ],
    ['an unknown option', ['--bogus', ...TOUCH], 'Unknown option `--bogus`'],
    ['an option of stop', ['--pid', '5', ...TOUCH], 'Unknown option `--pid`'],
    ['a misspelt option', ['--pid-file', 'a', ...TOUCH], 'Unknown option `--pid-file`'],
    ['a short option', ['-g', ...TOUCH], 'Unknown option `-g`'],
    ['the negation of a flag', ['--no-group', ...TOUCH], 'Unknown option `--no-group`'],
    [
      'a second command',
      ['stop', '4711'],
      'Unexpected argument `stop`; write the program to run after',
    ],
    ['a dash', ['-', ...TOUCH], 'Unexpected argument `-`'],
    ['--output in the foreground', ['--output', 'log', ...TOUCH], '--output needs --detach'],
    [
      '--group with a file',
      ['--group', '--config', 'a.json'],
      '--signal and --group are for one program',
    ],
    [
      '--signal with a file',
      ['--signal', 'TERM=INT', '--config', 'a.json'],
      'each program has stopSignal and group in the file',
    ],
    ['a value for --group', ['--group=yes', ...TOUCH], '--group takes no value'],
    ['a value for --detach', ['--detach=no', ...TOUCH], '--detach takes no value'],
  ])('%s', async (_, args, told) => {
    expect(await refusal(['run', ...args])).toContain(told)
  })

  test.each(['config', 'grace', 'signal', 'pidfile', 'output'])(
    '--%s without a value',
    async (option) => {
      for (const given of [`--${option}`, `--${option}=`]) {
        expect(await refusal(['run', given, ...TOUCH])).toBe(
          `lastcall: --${option} needs a value\n`,
        )
      }
    },
  )

  test.each([
    ['config', 'a.json', 'b.json'],
    ['grace', '1s', '2s'],
    ['pidfile', 'a', 'b'],
  ])('--%s given twice', async (option, one, two) => {
    const args = [
      'run',
      `--${option}`,
      one,
      `--${option}`,
      two,
      ...(option === 'config' ? [] : TOUCH),
    ]
    expect(await refusal(args)).toBe(`lastcall: --${option} is given more than once\n`)
  })

  test('--output given twice', async () => {
    const args = ['run', '--detach', '--output', 'a', '--output', 'b', ...TOUCH]
    expect(await refusal(args)).toBe('lastcall: --output is given more than once\n')
  })

  test.each([
    ['10', '--grace 10 has no unit: write 10s or 10ms'],
    ['0s', 'Expected `--grace` to be a duration'],
    ['-1s', '--grace needs a value; if it starts with -, write --grace=<value>'],
  ])('--grace %s', async (grace, told) => {
    expect(await refusal(['run', '--grace', grace, ...TOUCH])).toContain(told)
  })

  test('--grace=-1s, and says what a duration is', async () => {
    expect(await refusal(['run', '--grace=-1s', ...TOUCH])).toContain("such as '10s', '1.5s'")
  })

  test.each(['50ms', '100ms'])('--grace %s, which leaves no time', async (grace) => {
    expect(await refusal(['run', '--grace', grace, ...TOUCH])).toContain(
      'must be longer than 100 ms',
    )
  })

  test.each([
    ['TERM', '--signal TERM is not a pair of signals: write --signal TERM=QUIT'],
    ['TERM=', 'is not a pair of signals: write --signal TERM=QUIT'],
    ['15=3', 'to be the name of a signal'],
    ['FOO=TERM', "got 'SIGFOO' (string)"],
  ])("--signal '%s'", async (pair, told) => {
    expect(await refusal(['run', '--signal', pair, ...TOUCH])).toContain(told)
  })
})

describe('a configuration file is refused, with its name,', () => {
  const web = { name: 'web', command: 'touch', args: ['started'] }
  test.each([
    ['where it is empty', '', 'it is not JSON'],
    ['with a wrong exitOn', { programs: [web], exitOn: 'never' }, 'one of all, fatal, any'],
    ['with an unknown key', { programs: [web], signal: 'TERM' }, 'Unknown option `signal`'],
    ['with a program that is wrong', { programs: [{ ...web, args: 'a b' }] }, '`programs[0].args`'],
  ])('%s', async (_, config, told) => {
    const stderr = await refusal(['run', '--config', 'group.json'], { 'group.json': config })
    expect(stderr).toMatch(/^lastcall: group\.json: /)
    expect(stderr).toContain(told)
  })

  test('where there is none, or it is a folder', async () => {
    const none = await refusal(['run', '--config', 'none.json'])
    expect(none).toMatch(/^lastcall: none\.json: ENOENT: no such file/)
    const cwd = folder()
    mkdirSync(join(cwd, 'dir'))
    const ended = await cli(['run', '--config', 'dir'], { cwd }).ended
    expect(ended).toMatchObject({ code: 125, stdout: '' })
    expect(ended.stderr).toMatch(/^lastcall: dir: EISDIR: .+\n$/)
  })
})

describe('lastcall stop refuses', () => {
  // The number of no process: nobody is signalled, whatever is taken for a fine value.
  const NOBODY = '4194305'

  test.each([
    [['--signal'], '--signal needs a value'],
    [['--grace'], '--grace needs a value'],
    [['--signal', 'FOO'], "got 'SIGFOO' (string)"],
    [['--signal', '15'], 'to be the name of a signal'],
    [['--signal', 'TERM', '--signal', 'INT'], '--signal is given more than once'],
    [['--grace', '10'], '--grace 10 has no unit: write 10s or 10ms'],
    [['--grace', '0s'], 'Expected `--grace` to be a duration'],
    [['--grace', '-1s'], '--grace needs a value'],
    [['--grace', '1s', '--grace', '2s'], '--grace is given more than once'],
    [['--force'], 'Unknown option `--force`'],
  ])('%j', async (args, told) => {
    expect(await refusal(['stop', NOBODY, ...args])).toContain(told)
  })
})

describe('what stands after -- belongs to the program', () => {
  test.each([
    [['node', '--version'], process.version],
    [['echo', '--detach', '--grace', '1s'], '--detach --grace 1s'],
    [['echo', '-h'], '-h'],
    [['echo', 'x', '--help'], 'x --help'],
    [['echo', '--', '--'], '-- --'],
    [['echo', '--output=x', '--config'], '--output=x --config'],
  ])('%j', async ([program = '', ...args], printed) => {
    const words = program === 'node' ? [process.execPath, ...args] : [program, ...args]
    const ended = await cli(['run', '--grace', '5s', '--', ...words]).ended
    expect(ended).toMatchObject({ code: 0, stdout: `${printed}\n`, stderr: '' })
  })
})
