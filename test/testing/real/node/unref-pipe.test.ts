import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { unrefPipe } from '../../../../src/testing/real/node/unref-pipe.ts'

test('a pipe to a child keeps the process alive no longer', async () => {
  const pipes = () =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'PipeWrap').length
  const before = pipes()
  const child = spawn('sh', ['-c', 'read -r line'], { stdio: ['pipe', 'ignore', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'spawn')
  expect(pipes()).toBe(before + 1)

  unrefPipe(child.stdin)
  expect(pipes()).toBe(before)
})
