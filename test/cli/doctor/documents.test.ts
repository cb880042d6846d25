import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { doctor } from '../../../src/cli/doctor/index.ts'
import { RULES } from '../../../src/cli/doctor/rules.ts'
import { write } from './written.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8')

test('the reference has one row for each rule, and for no others', () => {
  const section =
    read('docs/reference/command-line.md').split('## Its rules\n')[1]?.split('\n## ')[0] ?? ''
  const rows = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, rule]) => rule)
  expect(rows.sort()).toEqual(Object.keys(RULES).sort())
  for (const [rule, severity] of Object.entries(RULES)) {
    const row = section.split('\n').find((line) => line.startsWith(`| \`${rule}\``)) ?? ''
    expect([rule, /A warning\./.test(row)]).toEqual([rule, severity === 'warning'])
  }
})

test('the how-to shows what the doctor prints for its example', () => {
  const text = read('docs/how-to/doctor.md').split('## In CI')[0] ?? ''
  const block = (language: string) =>
    new RegExp(`\`\`\`${language}[^\n]*\n([\\s\\S]*?)\`\`\``).exec(
      text.split('## An example')[1] ?? '',
    )?.[1] ?? ''
  const directory = write({
    'server.ts': block('ts'),
    'package.json': block('json'),
    Dockerfile: block('dockerfile'),
    'compose.yaml': block('yaml'),
  })
  const output = doctor(directory, {
    grace: undefined,
    json: false,
    strict: false,
    colour: false,
    isTerminal: false,
  })
  expect(output.code).toBe(1)
  const printed = output.text.replace(`in ${directory}:`, 'in .:')
  expect(text).toContain(`\n\`\`\`\n${printed}\n\`\`\`\n`)
})

test('the licence of each bundled package is in the package', () => {
  const licences = read('THIRD_PARTY_LICENSES')
  const bundled = JSON.parse(read('package.json')).devDependencies
  for (const name of ['acorn', 'diff', 'dockerfile-ast', 'shell-quote', 'yaml']) {
    expect(bundled).toHaveProperty(name)
    expect(licences).toContain(`\n# ${name}\n`)
    const file = ['LICENSE', 'License.txt'].find((one) => {
      try {
        return read(`node_modules/${name}/${one}`) !== ''
      } catch {
        return false
      }
    })
    const own = read(`node_modules/${name}/${file}`).replaceAll('\r\n', '\n').trim()
    expect(licences).toContain(own)
  }
})
