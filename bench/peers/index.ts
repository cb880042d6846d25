// lastcall beside its peers: npm run bench -- [--quick] [--runs N] [--pairs N] [--only part,…]
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chartOf } from './chart.ts'
import { gone } from './gone.ts'
import { idle } from './idle-part.ts'
import { inFlight } from './in-flight.ts'
import { installPeers } from './install.ts'
import { loading } from './loading.ts'
import { estimateLost, type LossOf, lostTables, measureLost } from './lost.ts'
import { memory } from './memory.ts'
import { readOptions } from './options.ts'
import { type Part, Progress, type Table } from './part.ts'
import { pool } from './pool.ts'
import { markdownOf, reportOf } from './report.ts'
import { size } from './size.ts'
import { slowReader } from './slow-reader.ts'
import { throughput } from './throughput.ts'
import { webSockets } from './web-sockets.ts'

const options = readOptions(process.argv.slice(2))
let losses: LossOf | undefined

const lost: Part = {
  name: 'lost',
  estimate: estimateLost,
  async measure(_options, progress) {
    losses = await measureLost(options, progress)
    return lostTables(losses, options)
  },
}

const parts = [
  lost,
  pool,
  inFlight,
  gone,
  slowReader,
  webSockets,
  throughput,
  loading,
  size,
  memory,
  idle,
]
const unknown = options.only.filter((name) => !parts.some((part) => part.name === name))
if (unknown.length > 0) {
  const known = parts.map(({ name }) => name).join(', ')
  throw new Error(`Expected --only to name parts of ${known}, got '${unknown.join(',')}'`)
}
const wanted = parts.filter(({ name }) => options.only.length === 0 || options.only.includes(name))

installPeers()
const began = performance.now()
const tables: Table[] = []
for (const [index, part] of wanted.entries()) {
  const afterwards = wanted
    .slice(index + 1)
    .reduce((seconds, { estimate }) => seconds + estimate(options), 0)
  const progress = new Progress(part.name, part.estimate(options), afterwards)
  const measured = await part.measure(options, progress).catch((error: Error): Table[] => {
    const notes = [`Not measured: ${error.message}.`]
    return [{ title: part.name, head: [], rows: [], notes }]
  })
  tables.push(...measured)
  console.log(`${measured.map(markdownOf).join('\n\n')}\n`)
}
process.stderr.write(`Done in ${((performance.now() - began) / 60_000).toFixed(1)} min\n`)

// Only what belongs together stands in the files: one run of everything.
if (wanted.length === parts.length && losses) {
  const file = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url))
  writeFileSync(file('results.svg'), chartOf(losses))
  writeFileSync(file('RESULTS.md'), reportOf(tables, 'results.svg'))
}
