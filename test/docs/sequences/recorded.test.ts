import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { embed, pictureOf, WIDTHS } from '../../../examples/sequences/draw.ts'
import type { Happening, Sequence } from '../../../examples/sequences/sequence.ts'
import { ROOT, readDocument } from '../markdown.ts'

const FIX = 'npm run docs:sequences'
const FOLDER = `${ROOT}docs/sequences/`

const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length))
const pages = readdirSync(`${ROOT}docs/how-to`).map((name) => readDocument(`docs/how-to/${name}`))

function recorded(name: string): Sequence {
  return JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8'))
}

test.each(names)('the pictures of %s are drawn from what was recorded', (name) => {
  const sequence = recorded(name)
  for (const [kind, width] of Object.entries(WIDTHS)) {
    const file = kind === 'narrow' ? `${name}-narrow.svg` : `${name}.svg`
    expect(readFileSync(`${FOLDER}${file}`, 'utf8'), FIX).toBe(pictureOf(sequence, width))
  }
})

test.each(names)(
  '%s is shown in a page, in both widths, with a text for who does not see it',
  (name) => {
    const [, alternative = ''] =
      pages
        .map(({ text }) =>
          new RegExp(`<img src="../sequences/${name}.svg" alt="([^"]{40,})">`).exec(text),
        )
        .find(Boolean) ?? []
    const shown = embed(`../sequences/${name}.svg`, alternative)
    expect(pages.filter(({ text }) => text.includes(shown))).toHaveLength(1)
  },
)

test.each(names)('%s names no folder of a machine', (name) => {
  expect(JSON.stringify(recorded(name))).not.toMatch(/file:|\/(home|root|tmp|Users)\//)
})

/** That each of these happened, in this order. A lane may be left out. */
function expectInOrder(name: string, order: readonly [lane: string, label: RegExp][]) {
  const { events } = recorded(name)
  const places = order.map(([lane, label]) =>
    events.findIndex((event) => event.lane === lane && label.test(event.label)),
  )
  expect(places, `${name}: ${order.map(String)}`).not.toContain(-1)
  expect(places).toEqual([...places].sort((one, other) => one - other))
}

function happened(name: string, label: RegExp): Happening[] {
  return recorded(name).events.filter((event) => label.test(event.label))
}

const THE_END = [
  /The (run|shutdown) begins/,
  /It stops listening/,
  /Hook http is done/,
  /orders/,
  /postgres/,
]

function theEndOf(lane: string): [string, RegExp][] {
  return THE_END.map((label) => [lane, label])
}

describe('what the pages tell is what was recorded', () => {
  test('docker stop: the exec form goes through its end and leaves with 0, nothing is lost', () => {
    expectInOrder('docker', [
      ['docker-exec', /SIGTERM/],
      ...theEndOf('shop-exec'),
      ['shop-exec', /exit code 0/],
    ])
    const [first] = happened('docker', /The prober gets its first 503/)
    const [deaf] = happened('docker', /It stops listening/)
    expect(first?.at).toBeLessThan(deaf?.at ?? 0)
    expect(happened('docker', /In all .* 0 lost/)).toMatchObject([{ lane: 'clients-exec' }])
  })

  test('docker stop: the shell form hears nothing for 10 s, is killed, and loses requests', () => {
    expectInOrder('docker', [
      ['docker-shell', /SIGTERM/],
      ['docker-shell', /SIGKILL/],
      ['shop-shell', /requests are cut off/],
      ['pid1-shell', /exit code 137/],
    ])
    const [kill] = happened('docker', /SIGKILL/)
    expect(kill?.at).toBeGreaterThanOrEqual(9_900)
    const own = recorded('docker').events.filter(({ lane }) => lane === 'shop-shell')
    expect(own.map(({ label }) => label).join()).not.toMatch(/The (run|shutdown) begins/)
  })

  test('Compose starts the new container when the old one is gone; nothing is lost, who comes between is refused', () => {
    expectInOrder('compose', [
      ['compose', /SIGTERM/],
      ...theEndOf('old'),
      ['old', /exit code 0/],
      ['compose', /new one is started/],
      ['new', /It listens/],
      ['new', /The first answer after that/],
      ['clients', /0 lost; the others were refused/],
    ])
  })

  test('systemd: SIGTERM to the main process, 0, and the result success', () => {
    expectInOrder('systemd', [
      ['systemd', /SIGTERM to the main process/],
      ...theEndOf('shop'),
      ['shop', /exit code 0/],
      ['systemd', /Result=success/],
    ])
    expect(happened('systemd', /In all .* 0 lost/)).toHaveLength(1)
  })

  test('pm2 reload: each new process is ready before its predecessor is told, one after the other; nobody is refused', () => {
    expectInOrder('pm2-reload', [
      ['pm2', /Starts a new one/],
      ...[0, 1].flatMap((instance): [string, RegExp][] => [
        [`shop-${instance}-new`, /says ready/],
        [`shop-${instance}-old`, /The (run|shutdown) begins/],
        [`shop-${instance}-old`, /exit code 0/],
      ]),
      ['clients', /0 lost, none refused/],
    ])
    const told = recorded('pm2-reload').events.filter(({ label }) => label === 'SIGINT')
    const ready = happened('pm2-reload', /says ready/)
    expect(told.map(({ to }) => to)).toEqual(['shop-0-old', 'shop-1-old'])
    for (const [index, { at }] of told.entries()) {
      expect(at).toBeGreaterThanOrEqual(ready[index]?.at ?? Number.NaN)
    }
  })

  test('pm2 stop without a kill_timeout: the request is cut off, the flush is not, and it leaves with 124 in time', () => {
    expectInOrder('pm2-stop', [
      ['pm2', /SIGINT/],
      ['shop', /grace of 1.6 s/],
      ['shop', /Hook http is cut off/],
      ['shop', /Hook orders is done/],
      ['shop', /exit code 124/],
    ])
    expect(happened('pm2-stop', /exit code 124/)[0]?.at).toBeLessThan(1600)
  })

  test('a pod: with lastcall nobody is refused in the time in which the proxy has not heard', () => {
    expectInOrder('kubernetes', [
      ['lastcall', /The (run|shutdown) begins/],
      ['endpoints', /sends nobody new/],
      ['lastcall-clients', /0 lost, none refused/],
      ['lastcall', /It stops listening, after a lame duck of 5/],
      ['lastcall', /exit code 0/],
    ])
    expectInOrder('kubernetes', [
      ['plain', /It stops listening/],
      ['plain-clients', /is refused/],
      ['endpoints', /sends nobody new/],
    ])
  })

  test('a pod with a preStop hook: SIGTERM comes when nobody comes any more', () => {
    expectInOrder('kubernetes-prestop', [
      ['kubelet', /preStop hook begins/],
      ['endpoints', /sends nobody new/],
      ['lastcall-clients', /0 lost, none refused/],
      ['kubelet', /SIGTERM/],
      ...theEndOf('lastcall'),
      ['lastcall', /exit code 0/],
    ])
    const [term, gone] = [
      happened('kubernetes-prestop', /SIGTERM/),
      happened('kubernetes-prestop', /exit code/),
    ]
    expect((gone[0]?.at ?? 0) - (term[0]?.at ?? 0)).toBeLessThan(1000)
  })

  test('what played the part of Kubernetes says so', () => {
    for (const name of ['kubernetes', 'kubernetes-prestop']) {
      const { about, lanes } = recorded(name)
      expect(about).toContain('without Kubernetes')
      const standIns = lanes.filter(({ isStandIn }) => isStandIn).map(({ id }) => id)
      expect(standIns).toEqual(['kubelet', 'endpoints'])
    }
  })
})

/** The blocks that a page quotes, each after a link to the file that has its lines. */
const QUOTE =
  /\]\(\.\.\/\.\.\/examples\/([\w./]+)\)[^\n]*\n\n((?:```\w+\n[\s\S]*?```\n(?:\n[^\n[]*:\n\n(?=```))?)+)/g

test.each(['docker', 'kubernetes', 'rolling-restarts', 'systemd-pm2'])(
  'what %s.md quotes stands in the file that it names',
  (name) => {
    const { text } = readDocument(`docs/how-to/${name}.md`)
    const quotes = [...text.matchAll(QUOTE)].flatMap(([, file = '', blocks = '']) =>
      [...blocks.matchAll(/```\w+\n([\s\S]*?)```/g)].map(([, code = '']) => ({ file, code })),
    )
    expect(quotes.length).toBeGreaterThan(1)
    for (const { file, code } of quotes) {
      const lines = readFileSync(`${ROOT}examples/${file}`, 'utf8').split('\n')
      // What a comment says at the end of a line is left out.
      const missing = code
        .trimEnd()
        .split('\n')
        .filter(
          (quoted) => !lines.some((line) => line === quoted || line.startsWith(`${quoted} //`)),
        )
      expect(missing, file).toEqual([])
    }
  },
)
