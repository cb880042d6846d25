import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { formatReport } from '../src/timeline.ts'
import { virtualShutdown } from './support/virtual.ts'

async function troubledReport() {
  const { shutdown, clock } = virtualShutdown({ grace: '2s', warnings: false })
  shutdown.add([
    { name: 'consul', phase: 'deregister', run: () => clock.sleep(100) },
    {
      name: 'http',
      phase: 'drain',
      timeout: '500ms',
      run: ({ note }) => {
        note('12 requests')
        return new Promise(() => {})
      },
    },
    { name: 'jobs', phase: 'drain', run: () => clock.sleep(200) },
    { name: 'postgres', phase: 'close', run: () => Promise.reject(new Error('boom')) },
  ])
  void shutdown.now('deploy')
  await clock.advance(2000)
  if (!shutdown.report) throw new Error('the run is not over')
  return shutdown.report
}

test('a run is drawn on one time scale, a line for each hook, with what went wrong below', async () => {
  const text = formatReport(await troubledReport(), { width: 80 })
  expect(`\n${text}\n`).toMatchInlineSnapshot(`
    "
    now('deploy') → exit code 124 (cut off) after 600 ms; deadline 1.8 s, grace 2 s
      deregister  consul    ███████                                  100 ms
      drain       http            █████████████████████████████████  500 ms  cut off
                  jobs            ██████████████                     200 ms
      close       postgres                                        ▏    0 ms  failed
      http: 12 requests
      postgres: Error: boom
    "
  `)
})

test.each([60, 80, 120])('the bars end at a width of %i columns', async (width) => {
  const lines = formatReport(await troubledReport(), { width })
    .split('\n')
    .slice(1, 5)
  expect(Math.max(...lines.map((line) => line.length))).toBe(width)
})

test('colours are used only where they are asked for, and change nothing else', async () => {
  const report = await troubledReport()
  const plain = formatReport(report)
  const painted = formatReport(report, { colors: true })
  expect(plain).toBe(stripVTControlCharacters(plain))
  expect(painted).not.toBe(plain)
  expect(stripVTControlCharacters(painted)).toBe(plain)
})

test('a run without hooks is one line', async () => {
  const { shutdown } = virtualShutdown({ exit: false })
  expect(formatReport(await shutdown.now())).toBe(
    'now() → exit code 0 (clean) after 0 ms; deadline 9 s, grace 10 s',
  )
})
