// Refuses a release whose tag, version and changelog do not agree: node .ci/check-release.mjs v1.2.3
import { readFileSync } from 'node:fs'

const [tag = ''] = process.argv.slice(2)
const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
const { version, repository } = JSON.parse(read('package.json'))
const heading = read('CHANGELOG.md').match(/^## .*$/m)?.[0] ?? ''
const problems = []
if (tag !== `v${version}`) {
  problems.push(`the tag is ${tag}, and package.json has the version ${version}`)
}
if (!heading.startsWith(`## [${version}] - `)) {
  problems.push(`the first entry of CHANGELOG.md is '${heading}', and the version is ${version}`)
} else if (!/ - \d{4}-\d\d-\d\d$/.test(heading)) {
  problems.push(`'${heading}' in CHANGELOG.md has no date such as 2026-01-31`)
}
if (!repository) {
  problems.push('package.json has no repository: npm needs it for the provenance')
}
for (const problem of problems) console.error(problem)
process.exit(problems.length > 0 ? 1 : 0)
