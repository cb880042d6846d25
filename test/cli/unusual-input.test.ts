import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cli, folder } from '../support/programs/command-line.ts'

test('a file that is no JSON over several lines is told in one line', async () => {
  const cwd = folder({ c: '// mine\n{}' })
  const { stderr } = await cli(['run', '--config', 'c'], { cwd }).ended
  expect(stderr).toMatch(/^lastcall: .+\n$/)
})
test('a file with a byte order mark is read', async () => {
  const cwd = folder({ c: '\ufeff{"programs":[{"name":"a","command":"true","startFor":"0s"}]}' })
  expect((await cli(['run', '--config', 'c'], { cwd }).ended).code).toBe(0)
})
test('--signal for one signal twice is refused', async () => {
  expect(
    (await cli(['run', '--signal', 'TERM=INT', '--signal', 'TERM=QUIT', '--', 'true']).ended).code,
  ).toBe(125)
})
test('--group given twice is --group', async () => {
  const script = 'cut -d" " -f1,5 /proc/$$/stat; echo $$'
  const { stdout } = await cli(['run', '--group', '--group', '--', 'sh', '-c', script]).ended
  const [stat = '', pid] = stdout.trim().split('\n')
  expect(stat.split(' ')[1]).toBe(pid)
})
test('--verbose given twice is --verbose', async () => {
  const cwd = folder({ c: { programs: [{ name: 'a', command: 'true', startFor: '0s' }] } })
  expect(
    (await cli(['run', '--verbose', '--verbose', '--config', 'c'], { cwd }).ended).stderr,
  ).toContain('RUNNING')
})
test('run --version says the version', async () => {
  expect((await cli(['run', '--version', '--', 'true']).ended).stdout).toMatch(/^lastcall\//)
})
test('an unknown option without a command is told', async () => {
  expect((await cli(['--bogus']).ended).stderr).toContain('--bogus')
})
test('--grace.x is refused as an option that there is not', async () => {
  expect((await cli(['run', '--grace.x', '5s', '--', 'true']).ended).stderr).not.toContain('object')
})
test("--grace '' needs a value", async () => {
  expect((await cli(['run', '--grace', '', '--', 'true']).ended).stderr).toBe(
    'lastcall: --grace needs a value\n',
  )
})
test('--grace 10ms is told in the words of the command line', async () => {
  expect((await cli(['run', '--grace', '10ms', '--', 'true']).ended).stderr).toContain('--grace')
})
test('a grace of a file that is too short is told with the name of the file', async () => {
  const cwd = folder({ 'c.json': { grace: 10, programs: [{ name: 'a', command: 'true' }] } })
  expect((await cli(['run', '--config', 'c.json'], { cwd }).ended).stderr).toMatch(
    /^lastcall: c\.json: /,
  )
})
test('an empty program is nothing to run', async () => {
  const ended = await cli(['run', '--', '']).ended
  expect(ended.code).toBe(125)
})
test('a script whose interpreter is missing is not said to be no file', async () => {
  const cwd = folder({ x: '#!/no/such/interpreter\n' })
  const ended = await cli(['run', '--', './x'], {
    cwd,
    prefix: ['sh', '-c', 'chmod +x x; exec "$@"', 'sh'],
  }).ended
  expect(ended.code).toBe(127)
  expect(ended.stderr).not.toContain('there is no such file')
})
test('a refused detach leaves no empty output file', async () => {
  const cwd = folder()
  await cli(['run', '--detach', '--grace', '10ms', '--', 'true'], { cwd }).ended
  expect(readdirSync(cwd)).toEqual([])
})
