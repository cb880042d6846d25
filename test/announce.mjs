// Says before `npm test` how long it takes, and what it leaves to other commands.
import { readFileSync } from 'node:fs'

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const others = Object.keys(scripts).filter((name) => /^(test:(?!quick)|fleet$)/.test(name))

const lines = [
  'npm test: the build, the check of format, types and unused code, and the tests.',
  'It takes four to five minutes on two cores, longer on a busy machine.',
  'A part of the tests: npm run test:quick',
  `Not included: npm run ${others.join(', ')}`,
  'CONTRIBUTING.md says what each command does.',
]
console.log(lines.map((line) => `  ${line}\n`).join(''))
