import { describe, expect, test } from 'vitest'
import { requestName } from '../../src/http/request-names.ts'

describe('the name of a request', () => {
  test.each([
    ['/orders/7', '/orders/7'],
    ['/', '/'],
    ['*', '*'],
    ['/@scope/package', '/@scope/package'],
    ['//double//slashes', '//double//slashes'],
    ['/a:b@c', '/a:b@c'],
    ['https://example.com/x', 'https://example.com/x'],
    ['http://example.com:8080/@scope/x', 'http://example.com:8080/@scope/x'],
    ['http://[::1]:8080/x', 'http://[::1]:8080/x'],
    ['example.com:443', 'example.com:443'],
    ['[::1]:443', '[::1]:443'],
  ])('has the target %s', (target, shown) => {
    expect(requestName('GET', target)).toBe(`GET ${shown}`)
  })

  test.each([
    ['a query', '/x?token=secret', '/x'],
    ['a second question mark', '/x?a?secret', '/x'],
    ['a fragment', '/x#access_token=secret', '/x'],
    ['a query in the fragment', '/x#a?secret', '/x'],
    ['a fragment before any path', '#secret', ''],
    ['user information', 'http://user:secret@host/x', 'http://host/x'],
    ['user information without a name', 'http://:secret@host/x', 'http://host/x'],
    ['a token in place of user information', 'http://secret@host:80/x', 'http://host:80/x'],
    ['user information with an @', 'http://user:sec@secret@host/x', 'http://host/x'],
    ['user information of an IPv6 address', 'http://user:secret@[::1]:80/', 'http://[::1]:80/'],
    ['user information of another scheme', 'FTP://user:secret@host/x', 'FTP://host/x'],
    ['user information without a scheme', '//user:secret@host/x', '//host/x'],
    ['all at once', 'http://user:secret@host/x?secret#secret', 'http://host/x'],
    ['user information of CONNECT', 'user:secret@host:443', 'host:443'],
    ['a password with a slash', 'http://user:secret/secret@host/x', 'http://…'],
    ['a password with a question mark', 'http://user:secret?x@host/x', 'http://…'],
    ['a password with a slash, of CONNECT', 'user:secret/secret@host:443', '…'],
  ])('has no %s', (_, target, shown) => {
    expect(requestName('GET', target)).toBe(`GET ${shown}`.trimEnd())
    expect(requestName('GET', target)).not.toContain('secret')
  })

  test.each([
    ['a sequence that erases the screen', '/a\u001b[2Jb', '/ab'],
    ['a sequence of one character', '/a\u009b2Jb', '/ab'],
    ['a title', '/a\u001b]0;title\u0007b', '/ab'],
    ['a line break', '/a\r\nlastcall: b', '/a lastcall: b'],
    ['a bell', '/a\u0007b', '/a\\u0007b'],
    ['a character that changes the direction', '/a\u202eb', '/a\\u202eb'],
  ])('has no %s', (_, target, shown) => {
    expect(requestName('GET', target)).toBe(`GET ${shown}`)
    expect(requestName(target, '/')).toBe(`${shown} /`)
  })

  test.each([
    ['is shown in full', `/${'a'.repeat(199)}`, `/${'a'.repeat(199)}`],
    ['is cut', `/${'a'.repeat(200)}`, `/${'a'.repeat(198)}…`],
    ['is cut however long it is', `/${'a'.repeat(100_000)}`, `/${'a'.repeat(198)}…`],
    ['is shown in full by its characters', `/${'😀'.repeat(199)}`, `/${'😀'.repeat(199)}`],
    ['is cut between characters', `/${'😀'.repeat(200)}`, `/${'😀'.repeat(198)}…`],
  ])('with a long path %s', (_, target, shown) => {
    expect(requestName('GET', target)).toBe(`GET ${shown}`)
  })

  test('with a long method is cut too', () => {
    expect(requestName('M'.repeat(300), '/')).toBe(`${'M'.repeat(199)}… /`)
  })

  test('without a target is the method', () => {
    expect(requestName('CONNECT')).toBe('CONNECT')
  })
})
