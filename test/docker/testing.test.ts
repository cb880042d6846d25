import { expect } from 'vitest'
import { stopLikeDocker } from '../../src/testing/real/docker.ts'
import { shutdownScript } from '../support/programs/script.ts'
import { describeContainers, test } from './docker.ts'

const WITH_LASTCALL = shutdownScript(`
  shutdown.add({ name: 'pool', phase: 'close', run: () => say('pool closed') })
`)

const STUBBORN = `
  process.on('SIGTERM', () => console.log('heard'))
  setInterval(() => {}, 1000)
  console.log('ready')
`

const LEAVES_SOMEBODY = `
  require('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore', detached: true })
  process.on('SIGTERM', () => process.exit(4))
  setInterval(() => {}, 1000)
  console.log('ready')
`

/** What a container's exit code is, for how a process has ended. */
const codeOf = ({ code, killed }: { code: number | null; killed: boolean }) => (killed ? 137 : code)

/** The same program as a container and without: in the exec form, and in the shell form of CMD. */
describeContainers('stopLikeDocker() tells what docker stop does', () => {
  test.for([
    ['a program with lastcall', 'exec', WITH_LASTCALL, 0],
    ['a program with lastcall', 'shell', WITH_LASTCALL, 137],
    ['one that does not end', 'exec', STUBBORN, 137],
    ['one that leaves another behind', 'exec', LEAVES_SOMEBODY, 4],
  ] as const)('%s, in the %s form', async ([, form, code, expected], { image }) => {
    const type = code.includes('import ') ? 'module' : 'commonjs'
    const words = ['node', `--input-type=${type}`, '-e', code] as const
    const line = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    const dockerfile = 'CMD ["node", "--version"]'
    const command = form === 'exec' ? words : ['sh', '-c', line]
    const container = await image.run({ dockerfile, command })
    await container.says('ready')
    const real = await container.stop({ time: 2 })
    const ours = await stopLikeDocker(form === 'exec' ? [...words] : line, {
      ready: /^ready$/m,
      grace: '2s',
    })
    expect(real.code).toBe(expected)
    expect({ code: codeOf(ours), stdout: ours.stdout }).toEqual({
      code: real.code,
      stdout: real.stdout,
    })
  })
})
