// Runs what the pages on deployment describe, and draws it into docs/sequences: npm run docs:sequences [-- docker pm2]
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pictureOf, WIDTHS } from './draw.ts'
import { recordCompose } from './runs/compose.ts'
import { recordDocker } from './runs/docker.ts'
import { recordKubernetes, recordPreStop } from './runs/kubernetes.ts'
import { recordPm2Reload, recordPm2Stop } from './runs/pm2.ts'
import { recordSystemd } from './runs/systemd.ts'
import type { Sequence } from './sequence.ts'

const FOLDER = fileURLToPath(new URL('../../docs/sequences/', import.meta.url))

const RUNS: Readonly<Record<string, () => Promise<Sequence>>> = {
  kubernetes: recordKubernetes,
  'kubernetes-prestop': recordPreStop,
  docker: recordDocker,
  compose: recordCompose,
  systemd: recordSystemd,
  'pm2-reload': recordPm2Reload,
  'pm2-stop': recordPm2Stop,
}

const named = process.argv.slice(2)
const unknown = named.find((name) => !(name in RUNS))
if (unknown) throw new Error(`There is no run '${unknown}', but ${Object.keys(RUNS).join(', ')}`)

mkdirSync(FOLDER, { recursive: true })
for (const [name, record] of Object.entries(RUNS)) {
  if (named.length > 0 && !named.includes(name)) continue
  console.log(`${name} …`)
  const sequence = await record()
  writeFileSync(`${FOLDER}${name}.json`, `${JSON.stringify(sequence, null, 2)}\n`)
  for (const [kind, width] of Object.entries(WIDTHS)) {
    const ending = kind === 'narrow' ? '-narrow.svg' : '.svg'
    writeFileSync(`${FOLDER}${name}${ending}`, pictureOf(sequence, width))
  }
}
// The client of PM2 leaves a timer behind.
process.exit()
