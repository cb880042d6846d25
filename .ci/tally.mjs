// Adds up what runs of vitest have counted: node .ci/tally.mjs <what the JSON reporter wrote>…
import { readFileSync } from 'node:fs'

const sum = { passed: 0, failed: 0, skipped: 0 }
for (const path of process.argv.slice(2)) {
  const run = JSON.parse(readFileSync(path, 'utf8'))
  if (!(run.numPassedTests + run.numFailedTests > 0)) throw new Error(`${path}: no test has run`)
  sum.passed += run.numPassedTests
  sum.failed += run.numFailedTests
  sum.skipped += run.numPendingTests + run.numTodoTests
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
