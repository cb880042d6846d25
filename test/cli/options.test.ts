import { describe, expect, test } from 'vitest'
import { durationOf, rewritesOf, signalOf, textOf } from '../../src/cli/options.ts'
import { PASSED_ON } from '../../src/cli/passed-on.ts'
import { failureOf } from '../support/programs/command-line.ts'

describe('textOf()', () => {
  test('gives what was given, as text', () => {
    expect(textOf('a', 'x')).toBe('a')
    expect(textOf(7, 'x')).toBe('7')
    expect(textOf(undefined, 'x')).toBeUndefined()
  })

  test.each([
    [true, '--x needs a value'],
    ['', '--x needs a value'],
    [['a', 'b'], '--x is given more than once'],
  ])('refuses %j', (value, message) => {
    expect(failureOf(() => textOf(value, 'x'))).toEqual({ code: 125, message })
  })
})

describe('durationOf()', () => {
  test.each([
    ['10s', 10_000],
    ['250ms', 250],
    ['1.5s', 1500],
    ['2m', 120_000],
    [undefined, undefined],
  ])('reads %s', (text, milliseconds) => {
    expect(durationOf(text, 'grace')).toBe(milliseconds)
  })

  test.each(['10', 10, '0'])('refuses %j, for it has no unit', (value) => {
    const { code, message } = failureOf(() => durationOf(value, 'grace'))
    expect({ code, message }).toMatchObject({
      code: 125,
      message: expect.stringContaining('has no unit'),
    })
  })

  test.each(['', true, ['1s', '2s'], '-1s', '1 s', '1h', 's', '1e3ms', 1.5])(
    'refuses %j',
    (value) => {
      expect(failureOf(() => durationOf(value, 'grace'))).toMatchObject({
        code: 125,
        message: expect.stringContaining('--grace'),
      })
    },
  )
})

describe('signalOf()', () => {
  test.each(['TERM', 'term', 'SIGTERM', 'sigterm', 'SigTerm'])('reads %s', (text) => {
    expect(signalOf(text, 'signal')).toBe('SIGTERM')
  })

  test.each(['', 'SIG', '15', 'TERMINATE', 'TERM ', 'toString', '__proto__'])(
    "refuses '%s'",
    (text) => {
      expect(failureOf(() => signalOf(text, 'signal'))).toMatchObject({
        code: 125,
        message: expect.stringContaining('`--signal` to be the name of a signal'),
      })
    },
  )
})

describe('rewritesOf()', () => {
  test('reads one pair, several, or none', () => {
    expect([...rewritesOf(undefined, PASSED_ON)]).toEqual([])
    expect([...rewritesOf('TERM=QUIT', PASSED_ON)]).toEqual([['SIGTERM', 'SIGQUIT']])
    expect([...rewritesOf(['term=quit', 'SIGHUP=SIGUSR1'], PASSED_ON)]).toEqual([
      ['SIGTERM', 'SIGQUIT'],
      ['SIGHUP', 'SIGUSR1'],
    ])
  })

  test.each([
    true,
    '',
    'TERM',
    '=',
    'TERM=',
    '=TERM',
    'TERM==QUIT',
    'A=B=C',
    15,
    ['TERM=QUIT', 'HUP'],
  ])('refuses %j', (value) => {
    expect(failureOf(() => rewritesOf(value, PASSED_ON))).toMatchObject({
      code: 125,
      message: expect.stringContaining('is no pair of signals: write --signal TERM=QUIT'),
    })
  })

  test.each(['KILL=TERM', 'STOP=TERM', 'SEGV=TERM', 'TSTP=TERM', 'CHLD=TERM'])(
    'refuses %s, for what is not heard cannot be passed on',
    (value) => {
      const { code, message } = failureOf(() => rewritesOf(value, PASSED_ON))
      expect(code).toBe(125)
      expect(message).toContain('is not passed on; those are SIGTERM, SIGINT,')
    },
  )
})
