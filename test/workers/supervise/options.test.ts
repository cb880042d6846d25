import { supervise } from 'lastcall/workers'
import { describe, expect, test } from 'vitest'
import { sleeper } from '../../support/programs/programs.ts'

/** The message with which these are refused. */
function refusal(programs: unknown, options?: unknown): string {
  try {
    supervise(programs as never, options as never)
  } catch (error) {
    expect(error).toMatchObject({ name: 'LastcallError', code: 'LASTCALL_INVALID_OPTION' })
    const { message } = error as Error
    const call = 'supervise(): '
    expect(message.startsWith(call)).toBe(true)
    return message.slice(call.length)
  }
  throw new Error('was not refused')
}

/** The message for an option of the second of two programs. */
const ofSecond = (option: object) =>
  refusal([sleeper({ name: 'first' }), { ...sleeper({ name: 'second' }), ...option }])

const TEXT = 'a string that is not empty'
const ARGS = "an array of strings, such as ['web.js', '--port', '3000']"
const ENV = "an object of strings, such as { PORT: '3000' }"
const SIGNAL = "the name of a signal, such as 'SIGTERM' or 'SIGQUIT'"
const CODES = 'an array of integers from 0 to 255, such as [0]'
const DURATION =
  "a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m'"
const FROM_0 = DURATION.replace('at least 1 ms', '0 or more')

describe('the programs', () => {
  const rule = "an array of programs, such as [{ name: 'web', command: 'node', args: ['web.js'] }]"
  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [[], 'an array of 0'],
    [{}, 'an object (Object)'],
    ['node', "'node' (string)"],
  ])('are refused where they are %o', (programs, shown) => {
    expect(refusal(programs)).toBe(`Expected \`programs\` to be ${rule}, got ${shown}.`)
  })

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['node', "'node' (string)"],
    [[], 'an array of 0'],
  ])('are refused where one of them is %o', (program, shown) => {
    expect(refusal([sleeper(), program])).toMatch(
      `Expected \`programs[1]\` to be an object such as { name: 'web', command: 'node', args: ['web.js'] }, got ${shown}.`,
    )
  })

  test('are refused where two have one name', () => {
    expect(refusal([sleeper(), sleeper({ name: 'other' }), sleeper()])).toBe(
      "Expected `programs[2].name` to be a name that no other program has, nor one of its instances, got 'web' (string).",
    )
  })

  test('are refused with an option that does not exist, and those that do are named', () => {
    expect(ofSecond({ stopsignal: 'SIGQUIT' })).toMatch(
      /^Unknown option `stopsignal` of `programs\[1\]`\. Did you mean `stopSignal`\? The options are name, command, args, .*backoff\.$/,
    )
  })

  test.each([
    ['name', undefined, TEXT, 'undefined'],
    ['name', '', TEXT, "'' (string)"],
    ['name', '  ', TEXT, "'  ' (string)"],
    ['name', 7, TEXT, '7 (number)'],
    ['command', undefined, TEXT, 'undefined'],
    ['command', '', TEXT, "'' (string)"],
    ['command', ['node'], TEXT, 'an array of 1'],
    ['cwd', '', TEXT, "'' (string)"],
    ['cwd', null, TEXT, 'null'],
    ['args', 'web.js', ARGS, 'a string'],
    ['args', { 0: 'web.js' }, ARGS, 'an object (Object)'],
    ['env', 'PORT=1', ENV, 'a string'],
    ['env', ['PORT=1'], ENV, 'an array of 1'],
    ['instances', 0, 'an integer of 1 or more', '0 (number)'],
    ['instances', 1.5, 'an integer of 1 or more', '1.5 (number)'],
    ['instances', '2', 'an integer of 1 or more', "'2' (string)"],
    ['instances', Number.NaN, 'an integer of 1 or more', 'NaN (number)'],
    ['instances', Number.POSITIVE_INFINITY, 'an integer of 1 or more', 'Infinity (number)'],
    ['priority', Number.NaN, 'a finite number (higher stops first)', 'NaN (number)'],
    ['priority', '10', 'a finite number (higher stops first)', "'10' (string)"],
    [
      'priority',
      Number.NEGATIVE_INFINITY,
      'a finite number (higher stops first)',
      '-Infinity (number)',
    ],
    ['stopSignal', 'SIGNONE', SIGNAL, "'SIGNONE' (string)"],
    ['stopSignal', 15, SIGNAL, '15 (number)'],
    ['stopSignal', 'toString', SIGNAL, "'toString' (string)"],
    ['group', 'yes', 'true or false', "'yes' (string)"],
    ['group', null, 'true or false', 'null'],
    ['restart', 'on-failure', 'one of always, unexpected, never', "'on-failure' (string)"],
    ['restart', true, 'one of always, unexpected, never', 'true (boolean)'],
    ['exitCodes', 0, CODES, '0 (number)'],
    ['exitCodes', [256], CODES, 'an array of 1'],
    ['exitCodes', [-1], CODES, 'an array of 1'],
    ['exitCodes', ['0'], CODES, 'an array of 1'],
    ['exitCodes', null, CODES, 'null'],
    ['startFor', -1, FROM_0, '-1 (number)'],
    ['startFor', Number.NaN, FROM_0, 'NaN (number)'],
    ['startFor', 'a second', FROM_0, "'a second' (string)"],
    ['startRetries', -1, 'an integer of 0 or more', '-1 (number)'],
    ['startRetries', 0.5, 'an integer of 0 or more', '0.5 (number)'],
    ['startRetries', Number.POSITIVE_INFINITY, 'an integer of 0 or more', 'Infinity (number)'],
    ['backoff', 100, "an object such as { initial: '100ms' }", '100 (number)'],
    ['backoff', [100], "an object such as { initial: '100ms' }", 'an array of 1'],
  ])('are refused by their place and rule: %s %o', (option, value, rule, shown) => {
    expect(ofSecond({ [option]: value })).toBe(
      `Expected \`programs[1].${option}\` to be ${rule}, got ${shown}.`,
    )
  })

  test.each([
    ['QUIT', 'SIGQUIT'],
    ['term', 'SIGTERM'],
  ])('are refused with the fix where a signal is called %s', (stopSignal, fix) => {
    expect(ofSecond({ stopSignal })).toBe(
      `Expected \`programs[1].stopSignal\` to be ${SIGNAL}, got '${stopSignal}' (string). Write '${fix}'.`,
    )
  })

  test.each([
    [0, '0 (number)'],
    [-1, '-1 (number)'],
    [Number.NaN, 'NaN (number)'],
    ['10 s', "'10 s' (string)"],
    [2 ** 31, '2147483648 (number)'],
    [null, 'null'],
  ])('are refused where stopWait is %o', (stopWait, shown) => {
    expect(ofSecond({ stopWait })).toContain(
      `Expected \`programs[1].stopWait\` to be ${DURATION}, got ${shown}.`,
    )
  })

  test.each([
    ['initial', 0, 'at least 1 ms'],
    ['max', '0s', 'at least 1 ms'],
    ['resetAfter', -1, '0 or more'],
  ])('are refused where %s of backoff is %o', (option, value, rule) => {
    const message = ofSecond({ backoff: { [option]: value } })
    expect(message).toContain(`\`programs[1].backoff.${option}\` to be a duration of ${rule}`)
  })

  test('are refused where the first delay is longer than the longest', () => {
    expect(ofSecond({ backoff: { initial: '2s', max: '1s' } })).toBe(
      "Expected `programs[1].backoff.initial` to be at most its max of 1000 ms, got '2s' (string).",
    )
    expect(ofSecond({ backoff: { initial: '61s' } })).toContain('at most its max of 60000 ms')
  })

  test.each([
    ['args[1]', { args: ['a', 7] }, 'a number'],
    ['args[0]', { args: [null] }, 'null'],
    ['args[2]', { args: ['a', 'b', 'c\0d'] }, 'a string'],
    ['env.PORT', { env: { HOST: 'x', PORT: 3000 } }, 'a number'],
    ['env.PORT', { env: { PORT: undefined } }, 'undefined'],
    ['env.PORT', { env: { PORT: 'a\0b' } }, 'a string'],
    ['command', { command: 'a\0b' }, "'a\0b' (string)"],
    ['cwd', { cwd: '/a\0b' }, "'/a\0b' (string)"],
    ['name', { name: 'a\0b' }, "'a\0b' (string)"],
  ])('are refused where %s can not be handed to the system', (place, option, shown) => {
    const message = ofSecond(option)
    expect(message).toContain(`Expected \`programs[1].${place}\` to be a`)
    expect(message).toContain(`got ${shown}.`)
  })

  test('are accepted at the ends of their ranges', () => {
    const program = {
      ...sleeper(),
      instances: 1,
      priority: -0.5,
      stopWait: 1,
      exitCodes: [0, 255],
      startFor: 0,
      startRetries: 0,
      backoff: { initial: 1, max: 1, resetAfter: 0 },
      env: {},
      args: [],
    }
    expect(() => supervise([program])).not.toThrow()
  })
})

describe('the options', () => {
  test.each([
    ['name', '', TEXT, "'' (string)"],
    ['name', 7, TEXT, '7 (number)'],
    ['exitOn', 'some', 'one of all, fatal, any', "'some' (string)"],
    ['stdout', 'inherit', 'a writable stream', "'inherit' (string)"],
    ['stderr', null, 'a writable stream', 'null'],
  ])('are refused by name and rule: %s %o', (option, value, rule, shown) => {
    expect(refusal([sleeper()], { [option]: value })).toBe(
      `Expected \`${option}\` to be ${rule}, got ${shown}.`,
    )
  })

  test('are refused where the log is opened', () => {
    expect(refusal([sleeper()], { log: { level: 'loud' } })).toBe(
      "Expected `log.level` to be one of debug, info, warn, error, got 'loud' (string).",
    )
  })

  test.each([null, 'all', []])('are refused where they are %o', (options) => {
    expect(refusal([sleeper()], options)).toMatch(/^Expected `options` to be an object such as/)
  })

  test('are refused where one does not exist, and those that do are named', () => {
    expect(refusal([sleeper()], { exiton: 'any' })).toBe(
      'Unknown option `exiton`. Did you mean `exitOn`? The options are name, exitOn, log, stdout, stderr.',
    )
  })
})
