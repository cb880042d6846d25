import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lastcall, Process, refusalOf, skipped } from '../support/programs/command-line.ts'
import { isSkipped, needed, patch } from './doctor/patch.ts'
import { write } from './doctor/written.ts'

const BROKEN = { Dockerfile: 'FROM node:20\nCMD npm start\n' }
const SOUND = { Dockerfile: 'FROM node:20\nCMD ["node", "server.js"]\n' }
const WARNED = { 'shop.service': '[Service]\nExecStart=/usr/bin/node a.js\nKillMode=process\n' }

const doctor = (
  files: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) => {
  const { NO_COLOR, FORCE_COLOR, ...rest } = process.env
  return new Process(lastcall('doctor', ...args), {
    cwd: write(files),
    env: { ...rest, ...env },
  }).ended
}

describe('lastcall doctor exits with', () => {
  test('0 where nothing is found', async () => {
    const ended = await doctor(SOUND)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toBe('Looked at 1 file in .: Dockerfile.\nno errors, no warnings.\n')
  })

  test('1 for an error', async () => {
    const ended = await doctor(BROKEN)
    expect(ended).toMatchObject({ code: 1, stderr: '' })
    expect(ended.stdout).toMatch(/^Dockerfile:2 {2}error {2}npm-in-front\n {2}npm is PID 1/)
  })

  test('0 for a warning, and 1 with --strict', async () => {
    expect(await doctor(WARNED)).toMatchObject({ code: 0 })
    const strict = await doctor(WARNED, ['--strict'])
    expect(strict).toMatchObject({ code: 1 })
    expect(strict.stdout).toContain('shop.service:3  warning  kill-mode')
  })

  test('2 where something could not be read, and 1 where an error was found besides', async () => {
    const unread = { 'package.json': '{' }
    const ended = await doctor({ ...SOUND, ...unread })
    expect(ended).toMatchObject({ code: 2, stderr: '' })
    expect(ended.stdout).toMatch(/package\.json {2}not read\n {2}it is not JSON: .*\.\n/)
    expect(ended.stdout).toMatch(/1 file not read\.\n$/)
    expect(await doctor({ ...BROKEN, ...unread })).toMatchObject({ code: 1 })
  })

  test('2 where there is nothing to look at', async () => {
    const ended = await doctor({})
    expect(ended).toMatchObject({ code: 2, stderr: '' })
    expect(ended.stdout).toMatch(/^Nothing to look at in \./)
  })

  test.each([
    [['nowhere'], 'lastcall: there is no directory nowhere\n'],
    [['--grace', 'soon'], /^lastcall: Expected `--grace` to be a duration/],
    [['--grace', '20'], 'lastcall: --grace 20 has no unit: write 20s or 20ms\n'],
    [['--grace', '50ms'], /^lastcall: --grace must be longer than 100 ms/],
    [['--fast'], 'lastcall: Unknown option `--fast`; see lastcall --help\n'],
  ])('125 for %j', async (args, stderr) => {
    const ended = await doctor(SOUND, args)
    expect(ended).toMatchObject({ code: 125, stdout: '' })
    if (typeof stderr === 'string') expect(ended.stderr).toBe(stderr)
    else expect(ended.stderr).toMatch(stderr)
  })
})

test('a directory can be named, and the grace be given', async () => {
  const files = { 'deploy/compose.yaml': 'services: { web: { build: . } }\n' }
  expect(await doctor(files, ['deploy', '--grace', '9s'])).toMatchObject({ code: 0 })
  const ended = await doctor(files, ['deploy', '--grace', '20s'])
  expect(ended.code).toBe(1)
  expect(ended.stdout).toContain('the application allows itself 20 s (--grace)')
})

test.skipIf(isSkipped)(
  `--json is for programs, and its diffs can be applied${needed}`,
  async () => {
    const files = { Dockerfile: 'FROM node:20\nCMD node server.js\n' }
    const { code, stdout } = await doctor(files, ['--json'])
    const told = JSON.parse(stdout)
    expect(code).toBe(1)
    expect(told).toMatchObject({
      version: 1,
      directory: '.',
      looked: [{ file: 'Dockerfile', kind: 'Dockerfile' }],
      findings: [{ rule: 'shell-in-front', severity: 'error', file: 'Dockerfile', line: 2 }],
      unread: [],
      exitCode: 1,
    })
    const directory = write(files)
    patch(directory, told.findings[0].diff)
    expect(readFileSync(`${directory}/Dockerfile`, 'utf8')).toBe(
      'FROM node:20\nCMD ["node", "server.js"]\n',
    )
  },
)

test('colours are for terminals, and for those who ask for them', async () => {
  const colour = '\u001b['
  expect((await doctor(BROKEN)).stdout).not.toContain(colour)
  expect((await doctor(BROKEN, [], { FORCE_COLOR: '1' })).stdout).toContain(colour)
  expect((await doctor(BROKEN, [], { FORCE_COLOR: '0' })).stdout).not.toContain(colour)
  const terminal = (env: Readonly<Record<string, string>>) =>
    new Process(['script', '-qec', lastcall('doctor').join(' '), '/dev/null'], {
      cwd: write(BROKEN),
      env: { PATH: process.env.PATH, TERM: 'xterm', ...env },
    }).ended
  expect((await terminal({})).stdout).toContain(colour)
  expect((await terminal({ NO_COLOR: '1' })).stdout).not.toContain(colour)
})

test('no other command loads its parsers', async () => {
  const code = `
    const loaded = () => Object.keys(require.cache).concat(process.moduleLoadList ?? []).join()
    process.on('exit', () => { if (/doctor\\.cjs/.test(loaded())) process.exitCode = 99 })
  `
  const directory = write({ 'watch.cjs': code, ...SOUND })
  const run = (...args: string[]) => {
    const [node = '', cli = '', ...rest] = lastcall(...args)
    return new Process([node, '--require', './watch.cjs', cli, ...rest], { cwd: directory }).ended
  }
  expect(await run('run', '--', 'true')).toMatchObject({ code: 0 })
  expect(await run('--help')).toMatchObject({ code: 0 })
  expect(await run('doctor')).toMatchObject({ code: 99 })
})

describe('a file with characters that control a terminal', () => {
  const TITLE = '\u001b]0;owned\u0007'
  const controls = (text: string) => text.replace(/\r\n|\r$/g, '\n').match(/[^\P{Cc}\n\t]/gu)
  const files = {
    Dockerfile: `FROM node:20\r\n# ${TITLE}\u009b31m\tend\r\nCMD node server.js\r\n`,
    [`${TITLE}.service`]: '[Service]\nExecStart=/usr/bin/node a.js\nKillMode=process\n',
  }
  const words = lastcall('doctor').map((word) => `'${word}'`)

  const refused = refusalOf('script', '-qec', 'true', '/dev/null')
  test.skipIf(refused)(`shows their codes on a terminal${skipped(refused)}`, async () => {
    const command = ['script', '-qec', `NO_COLOR=1 ${words.join(' ')}`, '/dev/null']
    const { stdout } = await new Process(command, { cwd: write(files) }).ended
    expect(stdout).toContain('# \\u001b]0;owned\\u0007\\u009b31m\tend')
    expect(stdout).toContain('\\u001b]0;owned\\u0007.service:3  warning  kill-mode')
    expect(controls(stdout)).toBe(null)
  })

  test.skipIf(isSkipped)(`keeps them in a diff for patch(1)${needed}`, async () => {
    const { stdout } = await doctor({ Dockerfile: files.Dockerfile })
    expect(stdout).toContain(`# ${TITLE}\u009b31m\tend\r\n`)
    const cwd = write({ Dockerfile: files.Dockerfile })
    patch(cwd, stdout)
    expect(readFileSync(join(cwd, 'Dockerfile'), 'utf8')).toBe(
      files.Dockerfile.replace('CMD node server.js', 'CMD ["node", "server.js"]'),
    )
  })

  test('shows their codes as JSON, which stays JSON', async () => {
    const { stdout } = await doctor(files, ['--json'])
    expect(controls(stdout)).toBe(null)
    expect(JSON.stringify(JSON.parse(stdout).findings)).toContain('\u009b31m')
  })

  test('shows their codes in an error', async () => {
    const { stderr } = await doctor({}, [`no${TITLE}`])
    expect(stderr).toBe('lastcall: there is no directory no\\u001b]0;owned\\u0007\n')
  })
})
