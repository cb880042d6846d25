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

/** Runs code that may use `onReallyExit()`. */
function run(code: string) {
  const file = new URL('../../../src/runtime/node/really-exit.ts', import.meta.url)
  const program = `import { onReallyExit } from ${JSON.stringify(file.href)}\n${code}`
  const args = ['--import', 'tsx', '--input-type=module', '-e', program]
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return { status, stdout }
}

test('the last moment comes after all exit listeners, and decides the code', () => {
  const code = `
    onReallyExit((code) => { console.log('decides after ' + code); return 7 })
    process.on('exit', () => { process.exitCode = 5; console.log('listener') })
    process.exit(3)`
  expect(run(code)).toEqual({ status: 7, stdout: 'listener\ndecides after 5\n' })
})

test('it is undone, also where other code has wrapped it since', () => {
  const code = `
    const undo = onReallyExit(() => 7)
    const inner = process.reallyExit
    process.reallyExit = (code) => { console.log('other'); inner.call(process, code) }
    undo()
    process.exit(3)`
  expect(run(code)).toEqual({ status: 3, stdout: 'other\n' })
})

test('the expression decides nothing', () => {
  const code = `onReallyExit(() => 7); onReallyExit(() => 8)\n${EXIT_AT_ONCE}`
  expect(run(code)).toEqual({ status: 137, stdout: '' })
})
