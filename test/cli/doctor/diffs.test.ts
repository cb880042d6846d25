import { expect, test } from 'vitest'
import { examine } from '../../../src/cli/doctor/examine.ts'
import { manifest } from './deployments/deployment.ts'
import { write } from './written.ts'

const changed = (files: Readonly<Record<string, string>>) =>
  examine(write(files)).findings.flatMap(({ diff }) =>
    diff.split('\n').filter((line) => /^[-+](?![-+])/.test(line)),
  )

const compose = (command: string) => ({
  'compose.yaml': `services:\n  web:\n    build: .\n    command: ${command}\n    tty: true\n`,
})

test('exec is inserted where the word is, and the rest of the file stays', () => {
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
  const [finding] = examine(
    write({ Dockerfile: 'FROM node\nCMD npm start', ...manifest({ start: 'node server.js' }) }),
  ).findings
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

test('the command of an unknown script is not guessed', () => {
  for (const files of [
    { Dockerfile: 'FROM node\nCMD ["npm", "run", "migrate"]\n' },
    { Dockerfile: 'FROM node\nCMD npm run migrate && npm run seed\n' },
    {
      Dockerfile: 'FROM node\nCOPY start.sh .\nCMD ["./start.sh"]\n',
      'start.sh': '#!/bin/sh\nnpm run migrate\n',
    },
  ]) {
    const [finding, ...others] = examine(write({ ...files, ...manifest({}) })).findings
    expect([finding?.rule, finding?.diff, others]).toEqual(['npm-in-front', '', []])
    expect(finding?.fix).toMatch(
      /^Start the command of the script '(migrate|seed)' directly; no package\.json/,
    )
  }
})

test('a package manager as the ENTRYPOINT goes with its CMD', () => {
  const files = { Dockerfile: 'FROM node\nENTRYPOINT ["yarn"]\nCMD ["start:prod"]\n' }
  expect(changed({ ...files, ...manifest({ 'start:prod': 'node dist/main' }) })).toEqual([
    '-ENTRYPOINT ["yarn"]',
    '-CMD ["start:prod"]',
    '+ENTRYPOINT ["node", "dist/main"]',
    '+CMD []',
  ])
})

test('where the output goes stays', () => {
  const scripts = manifest({ start: 'node server.js' })
  expect(changed({ Dockerfile: 'FROM node\nCMD npm start > /log 2>&1\n', ...scripts })).toEqual([
    '-CMD npm start > /log 2>&1',
    '+CMD exec node server.js > /log 2>&1',
  ])
  const script = '#!/bin/sh\nnode migrate.js\nnpm start 2>&1\n'
  const files = { Dockerfile: 'FROM node\nCOPY run.sh .\nCMD ["./run.sh"]\n', 'run.sh': script }
  expect(changed({ ...files, ...scripts })).toEqual([
    '-npm start 2>&1',
    '+exec node server.js 2>&1',
  ])
})

test('a finding about wait_ready names the listen_timeout of the file', () => {
  const says = (more: string) =>
    examine(
      write({
        'ecosystem.config.cjs': `module.exports = { apps: [{ script: 'a.js', wait_ready: true${more} }] }`,
        'a.js': 'server.listen(3000)\n',
      }),
    ).findings.map(({ says }) => /\(listen_timeout.*?\)/.exec(says)?.[0])
  expect(says('')).toEqual(['(listen_timeout, 3 s)'])
  expect(says(', listen_timeout: 10_000')).toEqual(['(listen_timeout, 10 s)'])
  expect(says(', listen_timeout: LIMIT')).toEqual(['(listen_timeout)'])
})

test('a template of a Compose file is noted', () => {
  const { notes } = examine(
    write({ 'compose.yaml': 'services:\n  web:\n    image: {{ image }}\n' }),
  )
  expect(notes.map(({ text }) => text)).toEqual([
    'is a template: the values in {{ }} are not known',
  ])
})

test('what needs a shell keeps the one that it has', () => {
  expect(changed(compose(`["/bin/bash", "-lc", "source env.sh && node server.js"]`))).toEqual([
    `-    command: ["/bin/bash", "-lc", "source env.sh && node server.js"]`,
    `+    command: ["/bin/bash", "-lc", "source env.sh && exec node server.js"]`,
  ])
})

test('a script of another package is not taken for one of this', () => {
  const scripts = manifest({ start: 'node gateway.js' })
  for (const command of [
    'pnpm --filter api start',
    'npm start --workspace=api',
    'yarn workspace api start',
    'npm --prefix api run start',
  ]) {
    expect(changed({ ...compose(command), ...scripts })).toEqual([])
    const [finding] = examine(write({ ...compose(command), ...scripts })).findings
    expect([finding?.rule, finding?.fix]).toEqual([
      'npm-in-front',
      'Start the command of its script directly; no package.json here has that script.',
    ])
  }
})

test("a script's own options name no package, and stay", () => {
  const scripts = manifest({ start: 'node server.js' })
  expect(changed({ ...compose('npm start -- -w'), ...scripts })).toEqual([
    '-    command: npm start -- -w',
    '+    command: ["node", "server.js", "-w"]',
  ])
})

test('a variable before the command is written as a shell has it', () => {
  const [finding] = examine(
    write({ Dockerfile: 'FROM node\nCMD HOST="0.0.0.0" node a.js\n' }),
  ).findings
  expect(finding?.fix).toBe('Start env HOST=0.0.0.0 node a.js directly.')
})
