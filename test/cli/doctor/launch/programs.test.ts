import { expect, test } from 'vitest'
import { followCommand } from '../../../../src/cli/doctor/launch/command.ts'
import type { LaunchContext } from '../../../../src/cli/doctor/launch/scripts.ts'
import { diagnosisOf } from '../../../../src/platform/diagnose.ts'

const context: LaunchContext = {
  npmScript: (name) => (name === 'start' ? 'node server.js' : undefined),
  shellScript: () => undefined,
  inContainer: true,
  runsInShell: false,
}

/** What `diagnose()` finds where this command is PID 1, and has started the application. */
function diagnosed(argv: readonly string[]): string[] {
  const files: Record<string, string> = {
    '/proc/7/status': 'Name:\tnode\nPPid:\t1\n',
    '/proc/7/cmdline': 'node\0server.js\0',
    '/proc/1/status': `Name:\t${argv[0]}\nPPid:\t0\n`,
    '/proc/1/cmdline': argv.map((word) => `${word}\0`).join(''),
  }
  const ours = { listener: () => {}, isOurs: true }
  const { findings } = diagnosisOf({
    pid: 7,
    signals: {},
    read: (path) => files[path],
    listeners: () => [ours],
  })
  return findings.map(({ id }) => id)
}

test.each([
  ['shell-in-front', 'zsh -c', ['zsh', '-c', 'node server.js; true']],
  ['shell-in-front', 'ksh -c', ['ksh', '-c', 'node server.js; true']],
  ['shell-in-front', 'fish -c', ['fish', '-c', 'node server.js; true']],
  ['npm-in-front', 'npm', ['npm', 'start']],
  ['npm-in-front', 'yarnpkg', ['yarnpkg', 'start']],
  ['npm-in-front', 'npx', ['npx', 'app']],
  ['npm-in-front', 'pnpx', ['pnpx', 'app']],
  ['npm-in-front', 'bunx', ['bunx', 'app']],
  ['watcher-in-front', 'nodemon', ['nodemon', 'server.js']],
  ['watcher-in-front', 'node-dev', ['node-dev', '--respawn', 'server.js']],
  ['watcher-in-front', 'ts-node-dev', ['ts-node-dev', 'server.ts']],
  ['watcher-in-front', 'tsx watch', ['tsx', 'watch', 'server.ts']],
  ['watcher-in-front', 'nest start --watch', ['nest', 'start', '--watch']],
  ['watcher-in-front', 'node --watch', ['node', '-r', './setup.js', '--watch', 'server.js']],
])('the doctor and diagnose() both find %s: %s', (rule, _, argv) => {
  expect(followCommand(argv, context).obstacle?.rule).toBe(rule)
  expect(diagnosed(argv)).toEqual([rule])
})

test('node-dev is replaced by node', () => {
  expect(followCommand(['node-dev', '--respawn', 'server.js'], context).better).toEqual([
    'node',
    'server.js',
  ])
})

test('yarnpkg is replaced by what its script starts', () => {
  expect(followCommand(['yarnpkg', 'start'], context).better).toEqual(['node', 'server.js'])
})
