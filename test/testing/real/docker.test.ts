import { describe, expect, test } from 'vitest'
import { stopLikeDocker } from '../../../src/testing/real/docker.ts'
import { DEAF, isThere, listener, node, STUBBORN, withLastcall } from './programs.ts'

const ready = /^ready$/m

describe('a program that listens', () => {
  test('ends by itself; its code, output and time are returned', async () => {
    const stopped = await stopLikeDocker(withLastcall(), { ready, grace: '10s' })
    expect(stopped).toEqual({
      code: 0,
      signal: null,
      killed: false,
      elapsed: expect.any(Number),
      stdout: 'ready\npool closed\n',
      stderr: '',
      leftBehind: false,
      notes: [],
    })
    expect(stopped.elapsed).toBeGreaterThan(0)
    expect(stopped.elapsed).toBeLessThan(10_000)
  })

  test('gets SIGTERM, once', async () => {
    const program = listener(['SIGTERM', 'SIGINT', 'SIGHUP'], 'await sleep(100); process.exit(7)')
    const { code, stdout } = await stopLikeDocker(program, { ready })
    expect({ code, stdout }).toEqual({ code: 7, stdout: 'ready\nSIGTERM\n' })
  })

  test('guesses no platform, wherever the test itself runs', async () => {
    const program = withLastcall('say(shutdown.platform.name)')
    process.env.KUBERNETES_SERVICE_HOST = '10.0.0.1'
    try {
      const { stdout } = await stopLikeDocker(program, { ready })
      expect(stdout).toMatch(/^(unknown|docker)\n/)
    } finally {
      delete process.env.KUBERNETES_SERVICE_HOST
    }
  })

  test('answers what was in flight', async () => {
    const server = withLastcall(`
      const { createServer } = await import('node:http')
      const { httpServer } = await import('lastcall/http')
      const server = createServer(async (request, response) => {
        say('asked')
        await sleep(300)
        response.end('late, but whole')
      })
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
      say('port ' + server.address().port)
      shutdown.add(httpServer(server))
    `)
    let answer: Promise<string> | undefined
    const stopped = await stopLikeDocker(server, {
      ready,
      async onReady(program) {
        const [, port] = /port (\d+)/.exec(program.stdout) ?? []
        answer = fetch(`http://127.0.0.1:${port}/`).then((response) => response.text())
        while (!program.stdout.includes('asked')) await new Promise(setImmediate)
      },
    })
    expect(await answer).toBe('late, but whole')
    expect(stopped).toMatchObject({ code: 0, killed: false })
  })
})

describe('a program that does not end', () => {
  test('is killed when the grace is over, and not before', async () => {
    const stopped = await stopLikeDocker(STUBBORN, { ready, grace: 300 })
    expect(stopped).toMatchObject({
      code: null,
      signal: 'SIGKILL',
      killed: true,
      leftBehind: false,
    })
    expect(stopped.stdout).toBe('ready\nSIGTERM\n')
    expect(stopped.elapsed).toBeGreaterThanOrEqual(300)
    expect(stopped.notes).toEqual([])
  })

  test('after so short a grace that it was meant in seconds, a note says so', async () => {
    const { killed, notes } = await stopLikeDocker(STUBBORN, { ready, grace: 10 })
    expect({ killed, notes }).toEqual({
      killed: true,
      notes: ["only 10 ms were granted; a number is milliseconds: for ten seconds write '10s'"],
    })
  })

  test('is killed with all that it has started', async () => {
    const program = listener(['SIGTERM'])
    const parent = node(`
      import { spawn } from 'node:child_process'
      process.on('SIGTERM', () => {})
      const child = spawn(${JSON.stringify(program[0])}, ${JSON.stringify(program.slice(1))}, { stdio: 'inherit', detached: true })
      console.log('child ' + child.pid)
    `)
    const { killed, stdout, leftBehind } = await stopLikeDocker(parent, { ready, grace: 200 })
    expect({ killed, leftBehind }).toEqual({ killed: true, leftBehind: false })
    expect(stdout).not.toContain('SIGTERM')
    expect(isThere(Number(/child (\d+)/.exec(stdout)?.[1]))).toBe(false)
  })

  test('without a handler it is ended by SIGTERM, and a note says what a container would do', async () => {
    const { notes, ...stopped } = await stopLikeDocker(DEAF, { ready, grace: '5s' })
    expect(stopped).toMatchObject({ code: null, signal: 'SIGTERM', killed: false })
    expect(notes).toEqual([expect.stringContaining('no handler for SIGTERM')])
  })
})

describe('the shell form', () => {
  test('the shell is spared, as PID 1 is: the program hears nothing and is killed', async () => {
    const file = STUBBORN.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    const { notes, ...stopped } = await stopLikeDocker(`${file}; true`, { ready, grace: 300 })
    expect(stopped).toMatchObject({
      code: null,
      signal: 'SIGKILL',
      killed: true,
      stdout: 'ready\n',
    })
    expect(notes).toEqual([expect.stringMatching(/SIGTERM has not reached .* `exec`/)])
  })

  test('with exec the program takes the place of the shell, and hears it', async () => {
    const file = withLastcall()
      .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
      .join(' ')
    const { code, notes } = await stopLikeDocker(`exec ${file}`, { ready })
    expect({ code, notes }).toEqual({ code: 0, notes: [] })
  })
})

test.for([
  ['of its group', {}],
  ['of a session of its own', { detached: true }],
] as const)('a process that outlives it is reported and killed: %s', async ([, options]) => {
  const program = node(`
    import { spawn } from 'node:child_process'
    const child = spawn('sleep', ['1000'], ${JSON.stringify({ stdio: 'ignore', ...options })})
    process.on('SIGTERM', () => process.exit(0))
    setInterval(() => {}, 1000)
    console.log('child ' + child.pid + '\\nready')
  `)
  const { code, killed, leftBehind, notes, stdout } = await stopLikeDocker(program, { ready })
  expect({ code, killed, leftBehind }).toEqual({ code: 0, killed: false, leftBehind: true })
  const child = Number(/child (\d+)/.exec(stdout)?.[1])
  expect(notes).toEqual([`left behind, and killed: sleep 1000 (pid ${child})`])
  expect(isThere(child)).toBe(false)
})
