import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { EXIT_AT_ONCE } from '../../../src/runtime/node/really-exit.ts'

test('the expression ends a process with 137, and calls no listener to exit', () => {
  const code = `
    process.on('exit', () => console.log('a listener to exit'))
    console.log('before')
    ${EXIT_AT_ONCE}
    console.log('after')
  `
  const { status, stdout } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 137, stdout: 'before\n' })
})
