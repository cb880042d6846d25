import { describe, expect, test } from 'vitest'
import { describeError, propertyOf, textOf } from '../../src/base/thrown.ts'
import { revokedProxy, withGetter } from '../support/hooks/hostile.ts'

const refuse = () => {
  throw new Error('not readable')
}

describe('a thrown value', () => {
  test.each(['name', 'code', 'stack', 'cause', 'errors'])(
    'with a getter of %s that throws keeps the rest',
    (name) => {
      const info = describeError(withGetter(name))
      expect(info).toMatchObject({ message: 'boom' })
      const empty = { name: 'Error', code: null, stack: null, cause: null, errors: [] }
      expect(info).toHaveProperty(name, empty[name as keyof typeof empty])
    },
  )

  test('with a message that throws is an error whose message cannot be shown', () => {
    expect(describeError(withGetter('message'))).toMatchObject({
      name: 'Error',
      message: '(cannot be shown)',
    })
  })

  test.each([
    ['a revoked Proxy', revokedProxy()],
    ['a Proxy whose every trap throws', new Proxy({}, new Proxy({}, { get: () => refuse }))],
  ])('that is %s is described all the same', (_, thrown) => {
    expect(describeError(thrown)).toEqual({
      name: 'Error',
      message: '(cannot be shown)',
      code: null,
      stack: null,
      cause: null,
      errors: [],
    })
    expect(propertyOf(thrown, 'code')).toBeUndefined()
    expect(textOf(thrown)).toBe('(cannot be shown)')
  })

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['text', "'text' (string)"],
    [Symbol('x'), 'Symbol(x) (symbol)'],
    [Object.create(null), 'an object (Object)'],
    [{ constructor: revokedProxy() }, '(cannot be shown)'],
    [refuse, 'a function named refuse'],
  ])('that is no error is shown with its type: %#', (thrown, message) => {
    expect(describeError(thrown)).toMatchObject({ name: 'NonError', message })
  })

  test('has causes and errors, themselves described, also where one of them cannot be read', () => {
    const error = new AggregateError([new Error('a'), revokedProxy()], 'all', {
      cause: revokedProxy(),
    })
    expect(describeError(error)).toMatchObject({
      cause: { message: '(cannot be shown)' },
      errors: [{ message: 'a' }, { message: '(cannot be shown)' }],
    })
  })

  test('that is its own cause is followed four steps', () => {
    const error = new Error('loop')
    error.cause = error
    let steps = 0
    for (let info = describeError(error).cause; info; info = info.cause) steps++
    expect(steps).toBe(4)
  })

  test('is described once: a repeated fault is the same object', () => {
    const error = new Error('boom')
    expect(describeError(error)).toBe(describeError(error))
  })
})
