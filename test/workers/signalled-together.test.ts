import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { Script } from '../support/programs/script.ts'
import { parentScript } from '../support/programs/workers-script.ts'

/** A child that takes 300 ms to end, and forces its end at the second signal. */
const HURRIES = `
  let notified = 0
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      say('notified ' + signal)
      if (++notified > 1) process.exit(9)
      setTimeout(() => process.exit(0), 300)
      process.send('notified')
    })
  }`

/** A parent that stops such a child, once the child has received the signal that went to the whole group. */
const GROUP = `
  const child = await nodeChild(${JSON.stringify(HURRIES)}, { ipc: true })
  shutdown.add(childProcess(child, { name: 'worker' }))
  const heard = once(child, 'message')
  shutdown.add({ name: 'http', phase: 'drain', run: () => heard })`

/** The variables by which a platform is known, and no others. */
function env(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, ...variables }
}

/** Makes the process one that systemd would have started: it goes by the process's own number. */
const SYSTEMD = ['sh', '-c', 'SYSTEMD_EXEC_PID=$$ exec "$@"', 'sh']

function signalsTo({ stdout }: { stdout: string }): string[] {
  return stdout.match(/notified \w+/g) ?? []
}

/** Signals the process and its child, as those platforms do. */
function signalGroup({ child }: Script): void {
  process.kill(-(child.pid ?? 0), 'SIGTERM')
}

describe('a parent and a child that are signalled together', () => {
  test.each([
    ['Heroku', { env: env({ DYNO: 'web.1' }) }],
    ['PM2', { env: env({ pm_id: '0', kill_timeout: '10000' }) }],
    ['systemd', { env: env({ INVOCATION_ID: 'x' }), prefix: SYSTEMD }],
  ])('on %s end well: the child is signalled once', async (_, options) => {
    const script = await parentScript(GROUP, { ...options, detached: true })
    signalGroup(script)
    const ended = await script.ended
    expect(signalsTo(ended)).toEqual(['notified SIGTERM'])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
  })

  test('elsewhere do not, for the parent signals the child as well: nothing else is known there', async () => {
    const script = await parentScript(GROUP, { env: env({}), detached: true })
    signalGroup(script)
    const ended = await script.ended
    expect(signalsTo(ended)).toEqual(['notified SIGTERM', 'notified SIGTERM'])
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('ended with exit code 9')
  })
})

test('on a platform that signals all, a child that was not signalled is notified at half of the time', async () => {
  const script = await parentScript(
    `const child = await nodeChild(${JSON.stringify(HURRIES)}, { ipc: true })
     shutdown.add(childProcess(child, { name: 'worker', stopWait: '2s' }))
     shutdown.on('hook:start', () => {
       const began = performance.now()
       child.once('message', () => say('half: ' + (performance.now() - began >= 990)))
     })`,
    { env: env({ DYNO: 'web.1' }) },
  )
  const ended = await script.send('SIGTERM').ended
  expect(signalsTo(ended)).toEqual(['notified SIGTERM'])
  expect(ended.stdout).toContain('half: true')
  expect(ended).toMatchObject({ code: 0, stderr: '' })
})

const PTY = [
  'sh',
  '-c',
  `NODE=$1 CODE=$4 exec script -qec 'exec "$NODE" --input-type=module -e "$CODE"' /dev/null`,
  'sh',
]
const trial = spawnSync('script', ['-qec', 'exit 7', '/dev/null'], { encoding: 'utf8' })
const missing = trial.status === 7 ? '' : ' (needs script, of util-linux)'

/** A parent in the foreground of a terminal, in which keys are pressed. */
function atTerminal(body: string): Promise<Script> {
  return parentScript(body, { prefix: PTY, stdio: ['pipe', 'pipe', 'pipe'], env: env({}) })
}

const CTRL_C = '\x03'

describe.skipIf(missing)(`at Ctrl-C in a terminal${missing}`, () => {
  test('a child, which the terminal has signalled, is not signalled again', async () => {
    const script = await atTerminal(GROUP)
    script.child.stdin?.write(CTRL_C)
    const ended = await script.ended
    expect(signalsTo(ended)).toEqual(['notified SIGINT'])
    expect(ended.code).toBe(0)
  })

  test('a child that the terminal ends by that has ended well', async () => {
    const script = await atTerminal(`
      const child = spawn('sleep', ['600'])
      shutdown.add(childProcess(child))
      shutdown.on('end', ({ report }) => say('outcome ' + report.outcome + ' ' + child.signalCode))`)
    script.child.stdin?.write(CTRL_C)
    const ended = await script.ended
    expect(ended.stdout).toContain('outcome clean SIGINT')
    expect(ended.code).toBe(0)
  })

  test('a child that leads a group of its own, which the terminal does not reach, is notified at once', async () => {
    const script = await atTerminal(`
      const child = await nodeChild(${JSON.stringify(HURRIES)}, { ipc: true, detached: true })
      shutdown.add(childProcess(child, { group: true }))`)
    script.child.stdin?.write(CTRL_C)
    const ended = await script.ended
    expect(signalsTo(ended)).toEqual(['notified SIGTERM'])
    expect(ended.code).toBe(0)
  })

  test('a child with a shutdown of its own ends by itself, and both end well', async () => {
    const CHILD = `
      const { createShutdown } = require('lastcall')
      const shutdown = createShutdown({ log: { format: 'text', level: 'warn' } })
      shutdown.add({ name: 'work', run: ({ reason }) => say('notified ' + reason.signal), phase: 'drain' })
      shutdown.listen()`
    const script = await atTerminal(`
      const child = await nodeChild(${JSON.stringify(CHILD)})
      shutdown.add(childProcess(child))`)
    script.child.stdin?.write(CTRL_C)
    const ended = await script.ended
    expect(signalsTo(ended)).toEqual(['notified SIGINT'])
    expect(ended.code).toBe(0)
  })
})
