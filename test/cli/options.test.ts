import { describe, expect, test } from 'vitest'
import { durationOf, graceOf, rewritesOf, signalOf } from '../../src/cli/options.ts'
import { failureOf } from '../support/programs/command-line.ts'

describe('graceOf()', () => {
  test('reads a duration, or none', () => {
    expect(graceOf('10s')).toBe(10_000)
    expect(graceOf(undefined)).toBeUndefined()
  })

  test.each(['50ms', '100ms'])('refuses %s, which leaves no time', (text) => {
    expect(failureOf(() => graceOf(text))).toMatchObject({
      code: 125,
      message: expect.stringContaining('--grace must be longer than 100 ms'),
    })
  })
})

describe('durationOf()', () => {
  test.each([
    ['10s', 10_000],
    ['250ms', 250],
    ['1.5s', 1500],
    ['2m', 120_000],
  ])('reads %s', (text, milliseconds) => {
    expect(durationOf(text)).toBe(milliseconds)
  })

  test.each(['10', '0'])('refuses %j, for it has no unit', (value) => {
    const { code, message } = failureOf(() => durationOf(value))
    expect({ code, message }).toMatchObject({
      code: 125,
      message: expect.stringContaining('has no unit'),
    })
  })

  test.each(['', '-1s', '1 s', '1h', 's', '1e3ms', '1.5'])('refuses %j', (value) => {
    expect(failureOf(() => durationOf(value))).toMatchObject({
      code: 125,
      message: expect.stringContaining('--grace'),
    })
  })
})

describe('signalOf()', () => {
  test.each(['TERM', 'term', 'SIGTERM', 'sigterm', 'SigTerm'])('reads %s', (text) => {
    expect(signalOf(text)).toBe('SIGTERM')
  })

  test.each(['', 'SIG', '15', 'TERMINATE', 'TERM ', 'toString', '__proto__'])(
    "refuses '%s'",
    (text) => {
      expect(failureOf(() => signalOf(text))).toMatchObject({
        code: 125,
        message: expect.stringContaining('`--signal` to be the name of a signal'),
      })
    },
  )
})

describe('rewritesOf()', () => {
  test('reads one pair, several, or none', () => {
    expect([...rewritesOf([])]).toEqual([])
    expect([...rewritesOf(['TERM=QUIT'])]).toEqual([['SIGTERM', 'SIGQUIT']])
    expect([...rewritesOf(['term=quit', 'SIGHUP=SIGUSR1'])]).toEqual([
      ['SIGTERM', 'SIGQUIT'],
      ['SIGHUP', 'SIGUSR1'],
    ])
  })

  test.each(['', 'TERM', '=', 'TERM=', '=TERM', 'TERM==QUIT', 'A=B=C', '15'])(
    'refuses %j, also after a pair',
    (text) => {
      expect(failureOf(() => rewritesOf(['TERM=QUIT', text]))).toMatchObject({
        code: 125,
        message: expect.stringContaining('is not a pair of signals: write --signal TERM=QUIT'),
      })
    },
  )

  test.each(['KILL=TERM', 'STOP=TERM', 'SEGV=TERM', 'TSTP=TERM', 'CHLD=TERM'])(
    'refuses %s, which lastcall does not listen to',
    (pair) => {
      const { code, message } = failureOf(() => rewritesOf([pair]))
      expect(code).toBe(125)
      expect(message).toContain('is not one of the signals that are passed on: SIGTERM, SIGINT,')
    },
  )
})
