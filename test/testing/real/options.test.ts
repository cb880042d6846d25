import { describe, expect, test } from 'vitest'
import { stopLikeCtrlC } from '../../../src/testing/real/ctrl-c.ts'
import { stopLikeDocker } from '../../../src/testing/real/docker.ts'
import { stopLikeKubernetes } from '../../../src/testing/real/kubernetes.ts'
import { stopLikePm2 } from '../../../src/testing/real/pm2.ts'
import { stopLikeSystemd } from '../../../src/testing/real/systemd.ts'
import { node } from './programs.ts'

const PRESETS = {
  stopLikeDocker,
  stopLikeKubernetes,
  stopLikePm2,
  stopLikeSystemd,
  stopLikeCtrlC,
} as unknown as Record<string, (command: unknown, options?: unknown) => Promise<unknown>>

const refusal = (message: RegExp) => ({
  code: 'LASTCALL_INVALID_OPTION',
  message: expect.stringMatching(message),
})

const ready = 'ready'

describe.each(Object.entries(PRESETS))('%s', (_name, stop) => {
  test.each([
    [
      'no options',
      undefined,
      /Expected `options` to be an object such as { ready: \/listening\/ }/,
    ],
    ['no `ready`', {}, /Expected `ready` to be what the program writes .*, got undefined/],
    ['an empty `ready`', { ready: '' }, /Expected `ready`/],
    ['a `ready` of another type', { ready: 5 }, /Expected `ready` .*, got 5 \(number\)/],
    ['a misspelt option', { ready, readyIn: 5 }, /Unknown option `readyIn`/],
    ['a `grace` without a unit', { ready, grace: '10' }, /`grace` .* Write 10 for milliseconds/],
    ['a `grace` of nothing', { ready, grace: 0 }, /Expected `grace`/],
    ['a bad `readyWithin`', { ready, readyWithin: Number.NaN }, /Expected `readyWithin`/],
    [
      'an `onReady` that is none',
      { ready, onReady: 'send' },
      /Expected `onReady` to be a function/,
    ],
    ['an empty `cwd`', { ready, cwd: '' }, /Expected `cwd` to be the path of a folder/],
    ['an `env` that is none', { ready, env: ['A=1'] }, /Expected `env` to be an object/],
    ['a number in `env`', { ready, env: { PORT: 3000 } }, /`env.PORT` .* Write '3000'\./],
    ['a `signal` that is none', { ready, signal: 'SIGTERM' }, /`signal` to be an AbortSignal/],
  ])('refuses %s', async (_what, options, message) => {
    await expect(stop(['true'], options)).rejects.toMatchObject(refusal(message))
  })

  test.each([
    ['none', undefined],
    ['an empty one', ' '],
    ['an empty array', []],
    ['one with a NUL', 'a\0b'],
    ['one with a number in it', ['node', 5]],
  ])('refuses a command that is %s', async (_what, command) => {
    await expect(stop(command, { ready })).rejects.toMatchObject(refusal(/Expected `command`/))
  })
})

test.each([
  ['preStop', stopLikeKubernetes, 5],
  ['preStop', stopLikeKubernetes, []],
  ['preStop', stopLikeKubernetes, { seconds: 5 }],
  ['preStop.sleep', stopLikeKubernetes, { sleep: '5' }],
  ['message', stopLikePm2, 'shutdown'],
])('refuses what is no %s', async (option, stop, value) => {
  const name = option.split('.')[0] as string
  const options = { ready, [name]: value } as never
  await expect(stop(['true'], options)).rejects.toMatchObject(refusal(RegExp(`\`${option}\``)))
})

const SAYS = node(`
  process.on('SIGTERM', () => process.exit(0))
  console.log(process.env.GIVEN + ' ' + process.env.HOME + ' ' + process.cwd())
  console.error('line 1')
  setTimeout(() => console.error('line 2'), 50)
  setInterval(() => {}, 1000)
`)

test.each([
  ['a part of stdout', 'given'],
  ['a part of stderr', 'line 2'],
  ['a RegExp that goes on where it was', /line \d/g],
  ['a function', ({ stderr }: { stderr: string }) => stderr.includes('2')],
  [
    'a promise',
    async ({ pid, stdout }: { pid: number; stdout: string }) => pid > 0 && stdout !== '',
  ],
])('`ready` may be %s', async (_what, ready) => {
  const env = { GIVEN: 'given', HOME: undefined }
  const { stdout, code } = await stopLikeDocker(SAYS, { ready, env, cwd: '/' })
  expect({ stdout, code }).toEqual({ stdout: 'given undefined /\n', code: 0 })
})
