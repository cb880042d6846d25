import { describe, expect, test } from 'vitest'
import { stopLikeCtrlC } from '../../../src/testing/real/ctrl-c.ts'
import { stopLikeDocker } from '../../../src/testing/real/docker.ts'
import { stopLikeKubernetes } from '../../../src/testing/real/kubernetes.ts'
import { stopLikePm2 } from '../../../src/testing/real/pm2.ts'
import { stopLikeSystemd } from '../../../src/testing/real/systemd.ts'
import { listener, node } from './programs.ts'

const FUNCTIONS = {
  stopLikeDocker,
  stopLikeKubernetes,
  stopLikePm2,
  stopLikeSystemd,
  stopLikeCtrlC,
}

describe.each(Object.entries(FUNCTIONS))('%s', (_name, stop) => {
  test.each([
    ['a shell', ['sh', '-c', 'echo ready; exit 0']],
    ['the shell form', 'echo ready; exit 0'],
    [
      'a Node program',
      node(`process.on('SIGTERM', () => {}); console.log('ready'); process.exit(0)`),
    ],
  ] as [string, string | [string, ...string[]]][])(
    'a program that has ended by itself has not been stopped: %s, 10 of 10',
    async (_what, command) => {
      const errors = await Promise.all(
        Array.from({ length: 10 }, () =>
          stop(command, { ready: /ready/ }).catch((error: unknown) => error),
        ),
      )
      for (const error of errors) {
        expect(error).toMatchObject({
          code: 'LASTCALL_ENDED_EARLY',
          message: expect.stringMatching(
            /has ended [\s\S]*\(exit code 0\)[^\n]*\.\n--- stdout ---\nready\n/,
          ),
        })
      }
    },
  )

  test('a crash is named, too', async () => {
    const command = 'echo ready; kill -s SEGV $$'
    await expect(stop(command, { ready: /ready/ })).rejects.toMatchObject({
      code: 'LASTCALL_ENDED_EARLY',
      message: expect.stringContaining('(SIGSEGV)'),
    })
  })
})

test('a shell that no signal reaches has ended by itself, also some time later', async () => {
  const stopped = stopLikeDocker('echo ready; sleep 0.3; exit 0', { ready: /ready/ })
  await expect(stopped).rejects.toMatchObject({
    code: 'LASTCALL_ENDED_EARLY',
    message: expect.stringMatching(
      /has ended by itself \(exit code 0\); SIGTERM has not reached .*`exec`/,
    ),
  })
})

test('a shell that ignores the signal, and exits after its child, was stopped', async () => {
  const [file, ...args] = listener(['SIGTERM'], 'process.exit(0)')
  const child = [file, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const stopped = await stopLikeSystemd(`trap '' TERM; ${child}; exit 4`, { ready: /ready/ })
  expect(stopped).toMatchObject({ code: 4, killed: false, stdout: 'ready\nSIGTERM\n' })
})
