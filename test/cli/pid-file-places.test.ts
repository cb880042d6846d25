import { chmodSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cli, folder } from '../support/programs/command-line.ts'

test.each([
  ['is below a file', 'file/app.pid'],
  ['is a link to nothing', 'dangling'],
])(
  'a pid file that %s is refused with 125, in one line, before anything is started',
  async (_, path) => {
    const cwd = folder({ file: '' })
    symlinkSync('nowhere', join(cwd, 'dangling'))
    const before = readdirSync(cwd)
    const ended = await cli(['run', '--pidfile', path, '--', 'touch', 'started'], { cwd }).ended
    expect(ended.code).toBe(125)
    expect(ended.stderr).toMatch(/^lastcall: the pid file \S+ cannot be written: .+\n$/)
    expect(readdirSync(cwd)).toEqual(before)
  },
  5000,
)

test('a pid file in a folder that may not be looked into is refused in one line', async () => {
  const cwd = folder()
  chmodSync(cwd, 0o700)
  const prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const ended = await cli(['run', '--pidfile', `${cwd}/app.pid`, '--', 'true'], { prefix }).ended
  expect(ended.code).toBe(125)
  expect(ended.stderr).toMatch(/^lastcall: the pid file \S+ cannot be written: EACCES.+\n$/)
})

test("stop '' is refused as a missing value, with 125", async () => {
  expect((await cli(['stop', '']).ended).code).toBe(125)
})

test('stop of a file with two lines in it is refused in one line', async () => {
  const ended = await cli(['stop', 'f'], { cwd: folder({ f: '12\n13\n' }) }).ended
  expect(ended.stderr).toMatch(/^lastcall: .+\n$/)
})

test.each(['0042', '1e3', '1.0', '0x10'])(
  '--pidfile %s writes a file of that name',
  async (name) => {
    const cwd = folder()
    expect((await cli(['run', '--pidfile', name, '--', 'ls'], { cwd }).ended).stdout).toBe(
      `${name}\n`,
    )
  },
)

test("--pidfile '' is refused", async () => {
  const cwd = folder()
  expect(await cli(['run', '--pidfile', '', '--', 'ls'], { cwd }).ended).toMatchObject({
    code: 125,
    stdout: '',
  })
})
