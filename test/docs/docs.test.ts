import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PHASES } from 'lastcall'
import { describe, expect, test } from 'vitest'
import { guessPlatform } from '../../src/platform/platform.ts'
import { VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'
import {
  type Block,
  blocksOf,
  brokenLinks,
  codeIn,
  type Document,
  ROOT,
  readDocument,
  tableUnder,
} from './markdown.ts'
import { startProgram } from './programs.ts'
import { Types } from './types.ts'

const guides = readdirSync(`${ROOT}docs`, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => readDocument(`docs/${name}`))
const readme = readDocument('README.md')
const documents = [
  readme,
  readDocument('CHANGELOG.md'),
  readDocument('CONTRIBUTING.md'),
  readDocument('SECURITY.md'),
  ...guides,
]
// The index only lists names. The other pages describe them.
const INDEX = 'docs/reference/README.md'
const reference = {
  file: 'docs/reference',
  text: guides
    .filter(({ file }) => file.startsWith('docs/reference/') && file !== INDEX)
    .map(({ text }) => text)
    .join('\n'),
}

const PLAN = 'docs/how-to/plan.md'
const blocks = documents.flatMap(blocksOf)
const programs = blocks.filter(({ isProgram }) => isProgram)
const types = new Types(blocks.filter(({ language }) => language === 'ts'))

describe('the blocks of code', () => {
  test('agree with the public types', { timeout: 60_000 }, () => {
    expect(blocks.length).toBeGreaterThan(10)
    expect(types.problems()).toEqual([])
  })

  test('of the README begin with a server that answers, and ends with 0 on SIGTERM, hook by hook', async () => {
    const { script, port } = await startProgram(firstProgram('README.md'))
    const response = await fetch(`http://127.0.0.1:${await port()}/`)
    expect(await response.text()).toBe('hello\n')

    const { code, stderr } = await script.send('SIGTERM').ended
    expect(code).toBe(0)
    const log = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(log.map(({ level, event, hook }) => [level, event, hook].join(' ').trim())).toEqual([
      'info start',
      ...['http:announce', 'http:unbind', 'http', 'postgres'].map(
        (name) => `info hook:end ${name}`,
      ),
      'info end',
      'info exit',
    ])
  })

  test('of the page on the plan flush what a request left behind', async () => {
    const { script, port, directory } = await startProgram(firstProgram(PLAN))
    await fetch(`http://127.0.0.1:${await port()}/`)
    expect((await script.send('SIGTERM').ended).code).toBe(0)
    const visits = readFileSync(join(directory, 'visits.log'), 'utf8')
    expect(visits).toMatch(/^\d{4}-\d\d-\d\dT\S+ \S+\n$/)
  })

  test('of the page on the plan print the plan that stands there', async () => {
    const { script } = await startProgram(firstProgram(PLAN))
    await script.send('SIGTERM').ended
    const [plan] = /^deadline [\s\S]*?(?=\n\S)/m.exec(script.stdout) ?? []
    // It names the platform of the machine.
    const page = readDocument(PLAN).text.replace(' (docker)', '')
    expect(page).toContain(plan?.replace(/ \(\w+\)(?= − )/, ''))
  })

  test.each(programs.map((block) => [at(block), block] as const))(
    'that are programs end with 0 on SIGTERM: %s',
    async (_at, block) => {
      const { script } = await startProgram(block)
      const { code, stderr } = await script.send('SIGTERM').ended
      expect({ code, stderr }).toMatchObject({ code: 0 })
      expect(stderr).not.toMatch(/warning|"level":"(warn|error|fatal)"/i)
    },
  )
})

describe('the reference', () => {
  const code = codeIn(reference)
  const exported = types.exports()

  test('names everything that the two entries export', () => {
    expect(exported.map(({ name }) => name)).toContain('httpServer')
    expect(exported.map(({ name }) => name).filter(isMissing)).toEqual([])
  })

  test('has each export, event and code in its index', () => {
    const index = codeIn(readDocument(INDEX))
    const codes = [...variantsOf('ShutdownEvent'), ...variantsOf('LastcallErrorCode')]
    const names = [...exported.map(({ name }) => name), ...codes]
    expect(names.filter((name) => !hasWord(index, name))).toEqual([])
  })

  test('names every option, member and field of the exported interfaces', () => {
    const names = exported.flatMap(({ name, properties }) =>
      properties.map((property) => `${name}.${property}`),
    )
    expect(names).toEqual(
      expect.arrayContaining([
        'ShutdownOptions.grace',
        'SignalOptions.samePressWithin',
        'HttpServerOptions.linger',
        'LameDuckOptions.probes',
        'HookContext.note',
        'Report.duration',
      ]),
    )
    expect(names.filter((name) => isMissing(name.split('.')[1] ?? ''))).toEqual([])
  })

  test('gives each of the options its row in a table', () => {
    const rows = new Set(cellsOfFirstColumn(reference))
    const options = exported
      .filter(({ name }) => /Options$|^Hook$/.test(name))
      .flatMap(({ name, properties }) => properties.map((property) => [name, property]))
    expect(options.length).toBeGreaterThan(20)
    const missing = options.filter(
      ([, property]) =>
        ![...rows].some((row) => row === property || row.startsWith(`${property}(`)),
    )
    expect(missing).toEqual([])
  })

  test('has one row for each event, and for no others', () => {
    const events = variantsOf('ShutdownEvent')
    expect(events).toContain('hook:end')
    expect(firstCells('Events').sort()).toEqual([...events].sort())
  })

  test('has one row for each channel, and says what is published on all of them', () => {
    const source = readFileSync(`${ROOT}src/observe/tracing.ts`, 'utf8')
    const channels = [...source.matchAll(/tracingChannel\('(.+?)'\)/g)].map(([, name]) => name)
    expect(channels).toContain('lastcall.hook')
    expect(firstCells('Tracing')).toEqual(channels)
  })

  test('says of each event what is logged of it, and of the lines that are of none', () => {
    const logged = /## Logs\n([\s\S]*?)\n## /.exec(reference.text)?.[1] ?? ''
    const rows = [...logged.matchAll(/^\| [^|]+\| [^|]*\| `([a-z:]+)` \|.*\|$/gm)]
    const told = new Set(rows.map(([, event]) => event).filter((event) => event !== 'event'))
    const ofNone = ['exit:early', 'log:failed', 'milliseconds', 'others', 'others:lost']
    expect([...told].sort()).toEqual([...variantsOf('ShutdownEvent'), ...ofNone].sort())
  })

  test('has one row for each error code, and for no others', () => {
    const codes = variantsOf('LastcallErrorCode')
    expect(codes).toContain('LASTCALL_ENDED')
    expect(firstCells('Errors').sort()).toEqual([...codes].sort())
  })

  test('has the phases with their numbers and default reserves, and the README has the same', () => {
    const phases = PHASES.map(({ name, priority, reserve }) => [
      name,
      String(priority),
      `${reserve.share * 100} %`,
    ])
    for (const document of [reference, readme]) {
      const rows = tableUnder(document, 'Phases')
      expect(rows.map(([name, number, , reserve]) => [name, number, reserve])).toEqual(phases)
    }
  })

  test('has one row for each platform', () => {
    expect(firstCells('detectPlatform').sort()).toEqual([...variantsOf('PlatformName')].sort())
  })

  test('says of each platform how it is recognised and what it grants', () => {
    for (const [name = '', how = '', grace = ''] of tableUnder(reference, 'detectPlatform')) {
      // systemd, windows and what has no variable are told by other signs.
      if (!/^[A-Za-z_4]+(, [A-Za-z_4]+)*$/.test(how)) continue
      for (const variable of how.split(', ')) {
        const process = new VirtualProcess()
        process.env = { [variable]: 'x' }
        const platform = guessPlatform(process)
        expect([variable, platform.name]).toEqual([variable, name])
        expect([variable, platform.grace]).toEqual([variable, millisecondsAt(grace)])
      }
    }
  })

  test('computes its example as the code does', async () => {
    const rows = tableUnder(reference, 'A worked example')
    const hooks = rows.map(([name = '', phase = '']) => ({
      name,
      phase,
      ...(name === 'events' ? { reserve: '2s' } : {}),
    }))
    const quick = await limitsOf(hooks, () => undefined)
    const hanging = await limitsOf(hooks, () => new Promise(() => {}))
    expect(rows.map(([name, , reserve, ...limits]) => [name, reserve, ...limits])).toEqual(
      hooks.map(({ name }) => [
        name,
        `${quick.get(name)?.reserve} ms`,
        `${quick.get(name)?.limit} ms`,
        `${hanging.get(name)?.limit} ms`,
      ]),
    )
  })

  test('computes what large reserves leave as the code does', async () => {
    const hooks = [
      { name: 'http', phase: 'drain' },
      { name: 'events', phase: 'flush', reserve: '8s' },
      { name: 'postgres', phase: 'close' },
    ]
    const http = (await limitsOf(hooks, () => undefined)).get('http')
    expect(reference.text).toContain(`Both become ${http?.reserve} ms`)
    expect(reference.text).toContain(`the limit of \`http\` is ${http?.limit} ms`)
  })

  function isMissing(name: string): boolean {
    return !hasWord(code, name)
  }

  function variantsOf(name: string): readonly string[] {
    return exported.find((one) => one.name === name)?.variants ?? []
  }

  function firstCells(heading: string): string[] {
    return tableUnder(reference, heading).map(([first = '']) => first)
  }
})

describe('the documents', () => {
  test.each(documents.map((document) => [document.file, document] as const))(
    'have no link that leads nowhere: %s',
    (_file, document) => {
      expect(brokenLinks(document)).toEqual([])
    },
  )

  test('name no error code that does not exist', () => {
    const variables = ['LASTCALL_GRACE', 'LASTCALL_INSTANCE', 'LASTCALL_TEST_PROGRAM']
    const codes = [...types.exports().flatMap(({ variants }) => variants), ...variables]
    for (const { file, text } of documents) {
      const named = new Set(text.match(/LASTCALL_[A-Z_]*[A-Z]/g))
      expect([file, [...named].filter((code) => !codes.includes(code))]).toEqual([file, []])
    }
  })
})

function firstProgram(document: string): Block {
  const block = programs.find(({ file }) => file === document)
  if (!block) throw new Error(`${document} has no program`)
  return block
}

function hasWord(text: string, word: string): boolean {
  return new RegExp(`(?<![\\w$])${word}(?![\\w$])`).test(text)
}

function at({ file, line }: Block): string {
  return `${file}:${line}`
}

async function limitsOf(
  hooks: { name: string; phase: string; reserve?: string }[],
  run: () => unknown,
): Promise<Map<string, { reserve: number; limit: number }>> {
  const { shutdown, clock } = virtualShutdown({ grace: '10s', exit: false, log: false })
  shutdown.add(hooks.map((hook) => ({ ...hook, run })))
  const ended = shutdown.now()
  await clock.advance(10_000)
  const { phases } = await ended
  return new Map(
    phases.flatMap(({ reserve, hooks }) =>
      hooks.map(({ name, limit }) => [name, { reserve, limit }]),
    ),
  )
}

/** `30 s, preStop included`, `1600 ms, or …` */
function millisecondsAt(text: string): number {
  const [, amount, unit] = /^([\d.]+) (ms|s)/.exec(text) ?? []
  return Number(amount) * (unit === 's' ? 1000 : 1)
}

function cellsOfFirstColumn({ text }: Document): string[] {
  return [...text.matchAll(/^\| ([^|]*) \|/gm)].flatMap(([, cell = '']) =>
    cell.split(', ').map((part) => part.replaceAll('`', '')),
  )
}
