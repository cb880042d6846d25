import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Program } from '../../support/programs/program.ts'

const FILE = fileURLToPath(new URL('../../../src/runtime/node/ipc-channel.ts', import.meta.url))

/** A child process that runs these lines, with a channel that this process never closes. */
function withChannel(lines: string, channel: 'ipc' | 'ignore' = 'ipc'): Program {
  const code = `
    import { countAsReference } from '${FILE}'
    const ours = () => {}
    const theirs = (message) => {
      console.log(message)
      process.off('message', theirs)
    }
    ${lines}
    console.log('ready')
  `
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', code]
  return new Program(node, { stdio: ['ignore', 'pipe', 'pipe', channel] })
}

const ENDED = { code: 0, signal: null, stderr: '' }

test('a listener to messages that is not counted does not hold the process', async () => {
  const child = withChannel(`
    process.on('message', ours)
    countAsReference(false)
  `)
  expect(await child.ended).toEqual({ ...ENDED, stdout: 'ready\n' })
})

test('a counted listener of the application beside it holds the process', async () => {
  const child = withChannel(`
    process.on('message', ours)
    countAsReference(false)
    process.on('message', theirs)
  `)
  await child.says('ready')
  child.child.send('a message')
  expect(await child.ended).toEqual({ ...ENDED, stdout: 'ready\na message\n' })
})

test('so does one that stays when ours is counted again and removed', async () => {
  const child = withChannel(`
    process.on('message', ours)
    countAsReference(false)
    process.on('message', theirs)
    countAsReference(true)
    process.off('message', ours)
  `)
  await child.says('ready')
  child.child.send('a message')
  expect(await child.ended).toEqual({ ...ENDED, stdout: 'ready\na message\n' })
})

test('without a channel nothing is done', async () => {
  const child = withChannel('countAsReference(false)', 'ignore')
  expect(await child.ended).toEqual({ ...ENDED, stdout: 'ready\n' })
})
