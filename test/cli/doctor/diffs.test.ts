import { expect, test } from 'vitest'
import { examine } from '../../../src/cli/doctor/examine.ts'
import { write } from './written.ts'

const changed = (files: Readonly<Record<string, string>>) =>
  examine(write(files)).findings.flatMap(({ diff }) =>
    diff.split('\n').filter((line) => /^[-+](?![-+])/.test(line)),
  )

const compose = (command: string) => ({
  'compose.yaml': `services:\n  web:\n    build: .\n    command: ${command}\n    tty: true\n`,
})

test('a word that has got exec is changed where it stands', () => {
  expect(
    changed(
      compose(
        '\n      - sh\n      - -c\n      - |\n        node migrate.js\n        node server.js --port $$PORT',
      ),
    ),
  ).toEqual(['-        node server.js --port $$PORT', '+        exec node server.js --port $$PORT'])
  expect(changed(compose(`["sh", "-c", "echo \\"a\\" && node server.js"]`))).toEqual([
    `-    command: ["sh", "-c", "echo \\"a\\" && node server.js"]`,
    `+    command: ["sh", "-c", "echo \\"a\\" && exec node server.js"]`,
  ])
})

test('a list in a block that is replaced leaves what comes after it on its own line', () => {
  expect(changed(compose('\n      - sh\n      - -c\n      - node server.js'))).toEqual([
    '-      - sh',
    '-      - -c',
    '-      - node server.js',
    '+      ["node", "server.js"]',
  ])
})

test('variables stay those of Compose, or of the shell', () => {
  expect(changed(compose(`sh -c 'cd $$HOME && node server.js --env \${STAGE}'`))).toEqual([
    `-    command: sh -c 'cd $$HOME && node server.js --env \${STAGE}'`,
    `+    command: ["sh", "-c", "cd $$HOME && exec node server.js --env \${STAGE}"]`,
  ])
})

test('a comment beside it stays', () => {
  const files = {
    'compose.yaml':
      'services:\n  web: # the shop\n    build: .\n    stop_grace_period: 1s # not long\n',
  }
  expect(changed(files)).toEqual([
    '-    stop_grace_period: 1s # not long',
    '+    stop_grace_period: 10s # not long',
  ])
})

test('a file without a newline at its end gets none', () => {
  const [finding] = examine(write({ Dockerfile: 'FROM node\nCMD npm start' })).findings
  expect(finding?.diff).toMatch(
    /\n-CMD npm start\n\\ No newline at end of file\n\+CMD .*\n\\ No newline at end of file\n$/,
  )
})

test('a group comes with its file', () => {
  const [finding] = examine(
    write({ 'app/Dockerfile': 'FROM node\nCMD node jobs/mail.js --fast & node server.js\n' }),
  ).findings
  const file = finding?.diff.split('+++ b/app/lastcall.config.json\n')[1] ?? ''
  const json = file
    .split('\n')
    .filter((line) => line.startsWith('+'))
    .map((line) => line.slice(1))
    .join('\n')
  expect(JSON.parse(json)).toEqual({
    programs: [
      { name: 'mail', command: 'node', args: ['jobs/mail.js', '--fast'] },
      { name: 'server', command: 'node', args: ['server.js'] },
    ],
  })
})
