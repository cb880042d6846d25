import { describe, expect, test } from 'vitest'
import { stopLikeCtrlC } from '../../../src/testing/real/ctrl-c.ts'
import { folder, refusalOf, skipped } from '../../support/programs/command-line.ts'
import { isThere, listener, node, STUBBORN, withLastcall } from './programs.ts'

const ready = /^ready$/m
const refused = refusalOf('script', '-q', '-c', 'true', '/dev/null')
const withTerminal = test.skipIf(refused)
const needed = skipped(refused)

withTerminal(`a program with lastcall hears the key, and that it is one${needed}`, async () => {
  const program = withLastcall(
    `shutdown.on('start', ({ reason }) => say(reason.signal + ' ' + reason.terminal))
     process.stderr.write('apart')`,
  )
  const { elapsed, ...stopped } = await stopLikeCtrlC(program, { ready })
  expect(stopped).toEqual({
    code: 0,
    signal: null,
    killed: false,
    stdout: 'ready\nSIGINT true\npool closed\n',
    stderr: 'apart',
    leftBehind: false,
    notes: [],
  })
  expect(elapsed).toBeGreaterThan(0)
})

withTerminal(`one that reads keys gets the key itself${needed}`, async () => {
  const program = node(`
    process.stdin.setRawMode(true)
    process.stdin.once('data', (key) => { console.log(JSON.stringify(String(key))); process.exit(4) })
    console.log('ready')
  `)
  const { code, stdout } = await stopLikeCtrlC(program, { ready })
  expect({ code, stdout }).toEqual({ code: 4, stdout: 'ready\n"\\u0003"\n' })
})

describe.each([
  ['in a terminal', {}, []],
  ['without one', { PATH: '' }, [expect.stringContaining('no `script`')]],
])('%s', (_name, withoutScript, notes) => {
  const isWith = notes.length === 0
  // Where \`script\` is looked for.
  const path = process.env.PATH
  const stop: typeof stopLikeCtrlC = async (command, options) => {
    const env = { PATH: path, ...options.env }
    Object.assign(process.env, withoutScript)
    try {
      return await stopLikeCtrlC(command, { ...options, env })
    } finally {
      process.env.PATH = path
    }
  }
  const here = isWith ? withTerminal : test

  here('one without a handler is ended by SIGINT', async () => {
    const program = node(`setInterval(() => {}, 1000); console.log('ready')`)
    const stopped = await stop(program, { ready })
    expect(stopped).toMatchObject({ code: null, signal: 'SIGINT', killed: false, notes })
  })

  here('what it has started hears it, too, if it is of its group', async () => {
    const program = node(`
      import { spawn } from 'node:child_process'
      const [file, ...args] = ${JSON.stringify(listener(['SIGINT'], 'process.exit(0)'))}
      const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'] })
      // Either may come first.
      setInterval(() => {}, 1000)
      let open = 2
      const happened = () => --open === 0 && process.exit(3)
      process.on('SIGINT', happened)
      child.once('exit', happened)
    `)
    const { code, stdout, leftBehind } = await stop(program, { ready })
    expect({ code, stdout, leftBehind }).toEqual({
      code: 3,
      stdout: 'ready\nSIGINT\n',
      leftBehind: false,
    })
  })

  here('one that does not end is killed when the time is over', async () => {
    let pid = 0
    const stopped = await stop(STUBBORN, {
      ready,
      grace: 300,
      onReady: (program) => {
        pid = program.pid
      },
    })
    expect(stopped).toMatchObject({ killed: true, code: null, signal: 'SIGKILL', notes })
    expect(stopped.stdout).toBe('ready\nSIGINT\n')
    expect(isThere(pid)).toBe(false)
  })

  here(
    'npm start: npm, a shell and the program hear it, and the hooks run to their end',
    async () => {
      const [, ...args] = withLastcall(`
      shutdown.add({ name: 'mail', phase: 'flush', run: async () => { await sleep(300); say('sent') } })
    `)
      const cwd = folder({
        'server.mjs': String(args.at(-1)).replace("'lastcall'", JSON.stringify(BUILT)),
        'package.json': { name: 'a-service', scripts: { start: 'node server.mjs' } },
      })
      const stopped = await stop(['npm', 'start'], { ready, cwd })
      expect(stopped.stdout).toMatch(/ready\nsent\npool closed\n$/)
      expect(stopped).toMatchObject({ killed: false, leftBehind: false, notes })
    },
  )

  here('a command line is run by a shell that waits for it', async () => {
    const line = listener(['SIGINT'], 'await sleep(200); process.exit(6)')
      .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
      .join(' ')
    const stopped = await stop(`true; ${line}`, { ready })
    expect(stopped).toMatchObject({ code: 6, leftBehind: false, stdout: 'ready\nSIGINT\n' })
  })

  here('a command that is not there is reported', async () => {
    await expect(stop(['no-such-program'], { ready })).rejects.toMatchObject({
      code: 'LASTCALL_NOT_READY',
      message: expect.stringContaining("'no-such-program' was not found"),
    })
  })
})

const BUILT = new URL('../../../dist/index.js', import.meta.url).href
