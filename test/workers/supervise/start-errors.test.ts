import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProgramOptions, StateChange } from 'lastcall/workers'
import { describe, expect, test } from 'vitest'
import { folder, Supervised, sh } from '../../support/programs/programs.ts'

/** How the start of a program fails. */
async function failure(options: Partial<ProgramOptions>): Promise<StateChange> {
  const world = new Supervised([{ name: 'web', command: 'sh', startRetries: 0, ...options }])
  world.start()
  return world.reaches('FATAL')
}

/** A file with this in it. */
function file(text: string, mode: number): string {
  const path = join(folder(), 'program')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('a program that can not be started', () => {
  test('for its command is in no folder of PATH says so', async () => {
    const { problem, pid } = await failure({ command: 'no-such-program', args: ['x'] })
    expect(problem).toBe(
      "cannot be started: 'no-such-program' was not found, it is not in any folder of PATH",
    )
    expect(pid).toBe(null)
  })

  test('for its command is a whole command line says where the arguments belong', async () => {
    const command = 'node server.js --password=hunter2'
    expect((await failure({ command })).problem).toMatch(
      /'node …' was not found, [^=]*; write the arguments into `args`$/,
    )
  })

  test('for there is no such file says so', async () => {
    expect((await failure({ command: './no/such/program' })).problem).toBe(
      "cannot be started: './no/such/program' was not found, there is no such file",
    )
  })

  test('for its folder does not exist names the folder, not the command', async () => {
    expect((await failure({ cwd: '/no/such/folder' })).problem).toBe(
      "cannot be started: its folder '/no/such/folder' does not exist",
    )
  })

  test('for it is not executable says what to do', async () => {
    const command = file('#!/bin/sh\n', 0o644)
    expect((await failure({ command })).problem).toBe(
      `cannot be started: '${command}' may not be executed: it is a folder, or not executable (chmod +x ${command})`,
    )
  })

  test('for it is a folder says so', async () => {
    expect((await failure({ command: folder() })).problem).toContain('it is a folder, or not')
  })

  test.each([
    ['a path goes through a file', { command: '/etc/passwd/web' }, 'ENOTDIR'],
    ['its arguments are too long', { args: ['x'.repeat(3_000_000)] }, 'E2BIG'],
  ])('for %s is reported with the name that the system has for it', async (_, options, code) => {
    expect((await failure(options)).problem).toContain(code)
  })

  test('is tried again, and started when it is there', async () => {
    const command = join(folder(), 'late')
    const world = new Supervised([{ name: 'web', command }]).start()
    await world.reaches('BACKOFF')
    writeFileSync(command, '#!/bin/sh\nexec sleep 1000\n')
    chmodSync(command, 0o755)
    await world.clock.advance(100)
    await world.clock.advance(1000)
    expect(world.states()).toEqual(['STARTING', 'BACKOFF', 'STARTING', 'RUNNING'])
  })

  test('does not keep the others from being started', async () => {
    const world = new Supervised([
      { name: 'bad', command: 'no-such-program', priority: 1, startRetries: 0 },
      sh('exec sleep 1000', { priority: 2 }),
    ]).start()
    await world.reaches('FATAL', { name: 'bad' })
    await world.clock.advance(1000)
    expect(world.states()).toEqual(['STARTING', 'RUNNING'])
  })
})

describe('a script without #!', () => {
  test('is run by the shell, as execvp() has it', async () => {
    const command = file('echo "$1"; exit 5\n', 0o755)
    const world = new Supervised([{ name: 'web', command, args: ['hello'], startRetries: 0 }])
    world.start()
    expect(await world.reaches('FATAL')).toMatchObject({ exitCode: 5 })
    expect(world.stdout.text).toBe('web | hello\n')
  })
})

describe('the surroundings of a program', () => {
  /** What a program finds in its environment. */
  async function found(env: ProgramOptions['env'], options: Partial<ProgramOptions> = {}) {
    const world = new Supervised([
      sh('env', { startRetries: 0, ...(env ? { env } : {}), ...options }),
    ])
    Object.assign(world.process.env, { GIVEN: 'yes', OTHER: 'too' })
    world.start()
    await world.reaches('FATAL')
    const pairs = world.stdout.lines.map((line) => line.slice(6).split('='))
    return Object.fromEntries(pairs) as Record<string, string>
  }

  test('are the variables of this process, and its number', async () => {
    expect(await found(undefined)).toMatchObject({
      GIVEN: 'yes',
      OTHER: 'too',
      LASTCALL_INSTANCE: '0',
    })
  })

  test('are its own variables above these, without those that are null', async () => {
    const env = await found({ GIVEN: 'no', OTHER: null, NEVER: null, EMPTY: '', OWN: 'ä 日' })
    expect(env).toMatchObject({ GIVEN: 'no', EMPTY: '', OWN: 'ä 日' })
    expect(env).not.toHaveProperty('OTHER')
    expect(env).not.toHaveProperty('NEVER')
  })

  test.each([
    ['6s', '6000'],
    [1500, '1500'],
    ['0.25s', '250'],
  ] as const)('are its stopWait of %s, in milliseconds', async (stopWait, expected) => {
    expect(await found(undefined, { stopWait })).toMatchObject({ LASTCALL_GRACE: expected })
  })

  test('tell of no grace where it has no stopWait', async () => {
    expect(await found(undefined)).not.toHaveProperty('LASTCALL_GRACE')
  })

  test('may be overruled in that as well', async () => {
    expect(await found({ LASTCALL_GRACE: '7' }, { stopWait: '6s' })).toMatchObject({
      LASTCALL_GRACE: '7',
    })
  })

  test('number the instances from 0, and number them the same after a restart', async () => {
    const world = new Supervised([sh('echo $LASTCALL_INSTANCE; exit 1', { instances: 3 })]).start()
    const names = ['web:0', 'web:1', 'web:2']
    for (const name of names) await world.reaches('BACKOFF', { name })
    await world.clock.advance(100)
    for (const name of names) await world.reaches('BACKOFF', { name, nth: 2 })
    expect(world.stdout.lines.sort()).toEqual(
      [0, 0, 1, 1, 2, 2].map((number) => `web:${number} | ${number}`),
    )
  })

  test('are its own folder, from which a relative command is looked for', async () => {
    const cwd = folder()
    mkdirSync(join(cwd, 'bin'))
    writeFileSync(join(cwd, 'bin/here'), '#!/bin/sh\npwd\n', { mode: 0o755 })
    const world = new Supervised([{ name: 'web', command: './bin/here', cwd, startRetries: 0 }])
    world.start()
    await world.reaches('FATAL')
    expect(world.stdout.text).toBe(`web | ${cwd}\n`)
  })

  test('leave its arguments as they are: no shell is between', async () => {
    const args = ['%s;', '$HOME *', '', "it's", '"x" y', 'grüße']
    const world = new Supervised([
      { name: 'web', command: 'printf', args, startRetries: 0 },
    ]).start()
    await world.reaches('FATAL')
    expect(world.stdout.text).toBe(`web | $HOME *;;it's;"x" y;grüße;\n`)
  })
})
