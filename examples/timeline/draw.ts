// Runs shop.ts, ends it while it works, and puts its log and its picture into docs/how-to/problems.md: npm run docs:timeline
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REPORT = `${ROOT}docs/timeline.json`

const program = fileURLToPath(new URL('shop.ts', import.meta.url))
// Stacks would name the folders of this machine.
const flags = ['--stack-trace-limit=0', '--import', 'tsx']
const shop = spawn(process.execPath, [...flags, program, REPORT], {
  stdio: ['ignore', 'pipe', 'pipe'],
})
const [line] = await once(createInterface({ input: shop.stdout }), 'line')
const { port } = JSON.parse(line)
const request = fetch(`http://127.0.0.1:${port}/export/7`).catch(() => {})
await sleep(1400)
shop.kill('SIGTERM')
const [log] = await Promise.all([text(shop.stderr), once(shop, 'exit')])
await request

const draw = (...args: string[]) =>
  execFileSync(process.execPath, [`${ROOT}dist/cli/cli.cjs`, 'timeline', REPORT, ...args], {
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '0' },
  })
draw('--out', `${ROOT}docs/timeline.svg`)
const picture = draw()
const page = `${ROOT}docs/how-to/problems.md`
const blocks = [
  [/(no query, header or body:\n\n```\n)[\s\S]*?(```)/, log],
  [/(draws the whole shutdown:\n\n```\n)[\s\S]*?(```)/, picture],
] as const
writeFileSync(
  page,
  blocks.reduce(
    (document, [block, said]) =>
      document.replace(block, (_, before, after) => before + said + after),
    readFileSync(page, 'utf8'),
  ),
)
console.log(picture)
