import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CODES } from '../../src/cli/failure.ts'
import { cli } from '../support/programs/command-line.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const reference = readFileSync(
  new URL('../../docs/reference/command-line.md', import.meta.url),
  'utf8',
)

/** The options that a text of help or of the reference names. */
const optionsIn = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, option]) => option).sort()

const sectionOf = (title: string) => reference.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? ''

describe('the helps', () => {
  test.each(['--help', '-h'])(
    'lastcall %s names the commands, and exits with 0',
    async (option) => {
      const ended = await cli([option]).ended
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      for (const text of ['lastcall run --help', 'lastcall stop --help', 'timeline <report | ->']) {
        expect(ended.stdout).toContain(text)
      }
    },
  )

  test.each([
    ['run', 'lastcall run'],
    ['stop', 'lastcall stop'],
    ['timeline', 'lastcall timeline'],
    ['doctor', 'lastcall doctor'],
  ])('lastcall %s --help names the options that the reference names', async (command, title) => {
    const ended = await cli([command, '--help']).ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const named = optionsIn(sectionOf(title), /^\| `--([a-z]+)/gm)
    expect(named.length).toBeGreaterThan(0)
    expect(optionsIn(ended.stdout, /^ {2}--([a-z]+)/gm)).toEqual(named)
  })

  test.each([[], ['run'], ['stop'], ['timeline'], ['doctor']])(
    'lastcall %s --help fits 80 columns, with an example',
    async (...command) => {
      const { stdout } = await cli([...command, '--help']).ended
      expect(stdout).toContain('\nExamples:\n')
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    },
  )

  test.each([
    ['run', CODES.usage, CODES.killed],
    ['stop', 0, CODES.notRunning, CODES.notPermitted, CODES.usage, CODES.killed],
    ['timeline', 0, CODES.usage],
    ['doctor', 0, 1, 2, CODES.usage],
  ])('lastcall %s --help names its exit codes', async (command, ...codes) => {
    const { stdout } = await cli([command, '--help']).ended
    const named = optionsIn(stdout.split('Exit codes:')[1] ?? '', /^ {2}(\d+) /gm)
    expect(named).toEqual(expect.arrayContaining(codes.map(String)))
  })

  test('help wins over a program, and nothing is run', async () => {
    const ended = await cli(['run', '--help', '--', 'echo', 'must-not-run']).ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).not.toContain('must-not-run')
    expect(ended.stdout).toContain('--pidfile <file>')
  })

  test.each(['--version', '-v'])('lastcall %s says which it is', async (option) => {
    const ended = await cli([option]).ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(new RegExp(`^lastcall/${version} `))
  })

  test('without a command it shows the help, and exits with 125', async () => {
    const ended = await cli([]).ended
    expect(ended).toMatchObject({ code: 125, stderr: '' })
    expect(ended.stdout).toContain('Usage:')
  })

  test('a command that there is not is told, with 125', async () => {
    expect(await cli(['start', 'x']).ended).toMatchObject({
      code: 125,
      stdout: '',
      stderr: "lastcall: there is no command 'start'; see lastcall --help\n",
    })
  })
})
