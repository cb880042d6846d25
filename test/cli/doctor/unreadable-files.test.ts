import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { examine } from '../../../src/cli/doctor/examine.ts'
import { doctor } from '../../../src/cli/doctor/index.ts'
import { write } from './written.ts'

type Files = Readonly<Record<string, string | Uint8Array>>
const unreadIn = (files: Files) =>
  examine(write(files)).unread.map(({ file, line, why }) => `${file}:${line ?? ''} ${why}`)
const findsIn = (files: Files) =>
  examine(write(files)).findings.map(({ file, line, rule }) => `${file}:${line} ${rule}`)
const binary = new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3, 0xff, 0xfe])

const NAMES = [
  'Dockerfile',
  'compose.yaml',
  'shop.service',
  'ecosystem.config.js',
  'ecosystem.json',
  'ecosystem.config.yml',
  'package.json',
]

describe('a file that is not what its name says', () => {
  test.each(NAMES)(
    '%s that is binary, empty, blank or too large is reported in one line',
    (name) => {
      for (const [content, why] of [
        [binary, 'it is not text in UTF-8'],
        ['', 'it is empty'],
        [' \r\n\t\n', 'it is empty'],
        ['#'.repeat(2 ** 20 + 1), 'it has 1048577 bytes; at most 1048576 are read'],
      ] as const) {
        expect(unreadIn({ [name]: content })).toEqual([`${name}: ${why}`])
      }
    },
  )

  test.each([
    [
      'Dockerfile',
      '<html>\n<body>',
      "Dockerfile:1 it is not a Dockerfile: '<html>' is not an instruction",
    ],
    ['Dockerfile', '# nothing\nCMD npm start\n', 'Dockerfile: it has no FROM, and so no image'],
    [
      'Dockerfile',
      "FROM node\nCMD ['node', 'server.js']\n",
      'Dockerfile:2 CMD looks like a list, but is not valid JSON: Docker passes it to a shell as it is',
    ],
    [
      'Dockerfile',
      'FROM node\nENTRYPOINT ["node", "server.js"\n',
      'Dockerfile:2 ENTRYPOINT looks like a list, but is not valid JSON: Docker passes it to a shell as it is',
    ],
    ['Dockerfile', 'FROM node\nCMDD npm start\n', "Dockerfile:2 'CMDD' is not an instruction"],
    ['compose.yaml', 'a: [b\n', /^compose.yaml:\d it is not YAML: Flow sequence/],
    ['compose.yaml', 'hello\n', 'compose.yaml: it has no services: it is not a Compose file'],
    [
      'compose.yaml',
      'services: [1, 2]\n',
      'compose.yaml: it has no services: it is not a Compose file',
    ],
    [
      'compose.yaml',
      'services: { web: { build: ., stop_grace_period: soon } }\n',
      "compose.yaml:1 'soon' is not a stop_grace_period such as 30s",
    ],
    ['k8s.yml', 'apiVersion: apps/v1\nkind: Deployment\n  spec:\n', /^k8s.yml:\d it is not YAML: /],
    ['shop.service', '{"a": 1}\n', 'shop.service: it is not a systemd unit: it has no settings'],
    [
      'shop.service',
      '[Service]\nExecStart=/usr/bin/node a.js\nnode b.js\n',
      'shop.service:3 this is neither a section nor a setting',
    ],
    [
      'shop.service',
      '[Service]\nType=exec\n',
      'shop.service: it has no ExecStart in a section [Service]',
    ],
    [
      'shop.service',
      '[Service]\nExecStart=/usr/bin/node a.js\nTimeoutStopSec=soon\n',
      "shop.service:3 'soon' is not a time span",
    ],
    [
      'ecosystem.config.js',
      'module.exports = {',
      /^ecosystem.config.js:1 it is not JavaScript: Unexpected token/,
    ],
    [
      'ecosystem.config.js',
      'FROM node\nCMD npm start',
      /^ecosystem.config.js:1 it is not JavaScript: /,
    ],
    [
      'ecosystem.config.js',
      'module.exports = load()\n',
      'ecosystem.config.js: it has no apps as literals: what the program makes of it is not known',
    ],
    [
      'ecosystem.config.js',
      'console.log(1)\n',
      'ecosystem.config.js: it exports nothing that is a literal: module.exports = { apps: [ … ] } was expected',
    ],
    ['ecosystem.json', '{ "apps": [', /^ecosystem.json:1 it is not JSON: /],
    ['ecosystem.config.yml', 'apps: [a', /^ecosystem.config.yml:1 it is not YAML: /],
    ['package.json', '{ "scripts": { "start": "npm run x", } }', /^package.json: it is not JSON: /],
    ['package.json', 'scripts: start', /^package.json: it is not JSON: /],
  ])('%s with %j', (name, content, why) => {
    const unread = unreadIn({ [name]: content })
    expect(unread).toHaveLength(1)
    if (typeof why === 'string') expect(unread[0]).toBe(why)
    else expect(unread[0]).toMatch(why)
    expect(unread[0]).not.toMatch(/\n|at Object|node_modules/)
  })

  test.each([
    ['package.json', '[]'],
    ['package.json', 'null'],
    ['package.json', '{ "scripts": 7 }'],
    ['package.json', '{ "scripts": { "start": ["a"] } }'],
    ['compose.yaml', 'services: { web: null, api: 3, job: [a] }'],
    ['compose.yaml', 'services: { web: { build: ., command: { a: b }, stop_signal: [] } }'],
    ['k8s.yaml', 'apiVersion: v1\nkind: Pod\nspec: { containers: { a: b } }'],
    ['k8s.yaml', 'apiVersion: v1\nkind: List\nitems: 3'],
    ['ecosystem.config.js', 'module.exports = { apps: [,, null, 7, { script: 3 }] }'],
    ['a.yaml', 'just: [some, yaml'],
    ['Dockerfile', 'FROM node\nCMD\nENTRYPOINT []\nSTOPSIGNAL\nCOPY\nSHELL\n'],
    ['Dockerfile', 'FROM node\nCMD ["node", "server.js"\n'],
    ['Dockerfile', 'FROM node\nCMD "\'`$(\\'],
  ])('%s with the odd %j is no reason to throw', (name, content) => {
    expect(() => examine(write({ [name]: content }))).not.toThrow()
  })
})

test('anchors that refer to themselves, and those that grow without end, are no reason to hang', () => {
  const laughs = [
    'a0: &a0 [x]',
    ...Array.from({ length: 40 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`),
  ]
  const files = {
    'compose.yaml': `${laughs.join('\n')}\nservices: &s\n  web: { build: ., command: *a40, <<: *s }\n`,
  }
  expect(() => examine(write(files))).not.toThrow()
})

test('sources that open what they never close are read in no time', { timeout: 5000 }, () => {
  const files = {
    'package.json': '{}',
    'a.js': 'createShutdown('.repeat(50_000),
    'b.js': 'createShutdown({'.repeat(50_000),
  }
  const { shutdowns } = examine(write(files))
  expect(shutdowns).toHaveLength(40)
  expect(new Set(shutdowns.map(({ grace }) => grace))).toEqual(new Set(['unknown']))
})

test('several documents, with errors in one, are reported with the line', () => {
  const files = { 'k8s.yaml': 'apiVersion: v1\nkind: Pod\n---\na: b: c\n' }
  expect(unreadIn(files)).toEqual([
    expect.stringMatching(/^k8s.yaml:4 it is not YAML: Nested mappings/),
  ])
})

test('a template whose two ways together are no YAML is read by the first', () => {
  const lines = [
    'apiVersion: apps/v1',
    'kind: StatefulSet',
    'spec:',
    '  template:',
    '    spec:',
    '      terminationGracePeriodSeconds: 5',
    '      containers: [{ name: a, image: acme/a }]',
    '      volumes:',
    '{{- if .Values.claim }}',
    '  volumeClaimTemplates:',
    '    - kind: {{ if .Values.x }}A{{ else }}B{{ end }}',
    '{{- else }}',
    '        - name: data',
    '{{- end }}',
  ]
  const files = { 'set.yaml': `${lines.join('\n')}\n` }
  expect(unreadIn(files)).toEqual([])
  expect(findsIn(files)).toEqual(['set.yaml:6 grace-too-short'])
})

test('a byte order mark and CRLF change nothing, and the diff keeps them', () => {
  const files = {
    Dockerfile: '\uFEFFFROM node:20\r\nCOPY . .\r\nCMD npm start\r\n',
    'compose.yaml': '\uFEFFservices:\r\n  web:\r\n    build: .\r\n    stop_grace_period: 1s\r\n',
    'package.json': '\uFEFF{\r\n  "scripts": { "start": "nodemon a.js" }\r\n}\r\n',
    'shop.service': '\uFEFF[Service]\r\nExecStart=/usr/bin/node a.js\r\nKillMode=none\r\n',
    'ecosystem.config.js':
      "\uFEFFmodule.exports = { apps: [{ script: 'npm', args: 'start' }] }\r\n",
  }
  expect(findsIn(files)).toEqual([
    'Dockerfile:3 npm-in-front',
    'compose.yaml:4 grace-too-short',
    'ecosystem.config.js:1 npm-in-front',
    'package.json:2 watcher-in-front',
    'shop.service:3 kill-mode',
  ])
  for (const { diff } of examine(write(files)).findings) {
    expect(diff).toMatch(/^\+[^+].*\r$/m)
  }
})

describe('a directory', () => {
  test('without any deployment file is reported, and is no success', () => {
    const { text, code } = doctor(write({}), {
      grace: undefined,
      json: false,
      strict: false,
      colour: false,
      isTerminal: false,
    })
    expect(text).toMatch(/^Nothing to look at in .*: no Dockerfile, Compose file, /)
    expect(code).toBe(2)
  })

  test('is not followed into node_modules, .git and dist, nor through links', () => {
    const bad = 'FROM node\nCMD npm start\n'
    const directory = write({
      'package.json': '{}',
      'node_modules/x/Dockerfile': bad,
      '.git/Dockerfile': bad,
      'dist/Dockerfile': bad,
      'a/b/package.json': '{}',
    })
    symlinkSync('..', join(directory, 'a/loop'))
    symlinkSync('loop', join(directory, 'a/b/loop'))
    expect(examine(directory)).toMatchObject({
      looked: [{ file: 'package.json' }, { file: 'a/b/package.json' }],
      findings: [],
      unread: [],
    })
  })

  test('with links to nothing or to themselves, or directories, in place of files has them reported', () => {
    const directory = write({})
    symlinkSync('nowhere', join(directory, 'Dockerfile'))
    symlinkSync('compose.yaml', join(directory, 'compose.yaml'))
    mkdirSync(join(directory, 'package.json'))
    expect(examine(directory).unread).toEqual([
      { file: 'Dockerfile', line: null, why: 'it is a link to a file that does not exist' },
      { file: 'compose.yaml', line: null, why: 'it is a link to itself' },
      { file: 'package.json', line: null, why: 'it is not a file' },
    ])
  })

  test.skipIf(process.getuid?.() === 0)(
    'with a file that cannot be read for lack of permission has it reported',
    () => {
      const directory = write({ Dockerfile: 'FROM node\n' })
      chmodSync(join(directory, 'Dockerfile'), 0)
      expect(examine(directory).unread).toEqual([
        { file: 'Dockerfile', line: null, why: 'there is no permission to read it' },
      ])
    },
  )

  test('named by one of its files is examined for that file only', () => {
    const directory = write({
      Dockerfile: 'FROM node\nCMD npm start\n',
      'package.json': '{"scripts":{"start":"nodemon a.js"}}',
    })
    const { looked, findings } = examine(join(directory, 'package.json'))
    expect(looked).toEqual([{ file: 'package.json', kind: 'package.json' }])
    expect(findings.map(({ rule }) => rule)).toEqual(['watcher-in-front'])
  })
})

test('a lastcall-ignore comment with an unknown rule is noted', () => {
  const { notes } = examine(
    write({ Dockerfile: 'FROM node\n# lastcall-ignore npm-infront: x\nCMD npm start\n' }),
  )
  expect(notes).toEqual([
    {
      file: 'Dockerfile',
      text: "line 2: lastcall-ignore names 'npm-infront', which is not a rule",
    },
  ])
})
