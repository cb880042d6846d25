import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Logger, ShutdownOptions } from '../../src/index.ts'
import { errorOf } from '../support/hooks/error-of.ts'
import { VirtualClock, VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'

/** A run with a hook that goes well and one that fails; what was written of it. */
async function written(log: unknown, isTerminal = false): Promise<string> {
  const process = new VirtualProcess()
  Object.assign(process, { hasTerminalAsStderr: isTerminal })
  const { shutdown, clock } = virtualShutdown({ grace: '10s', log } as ShutdownOptions, { process })
  shutdown.add({ name: 'http', phase: 'drain', run: ({ note }) => note('3 requests') })
  shutdown.add({ name: 'events', phase: 'flush', run: () => Promise.reject(new Error('boom')) })
  void shutdown.now('deploy')
  await clock.advance(0)
  return process.output
}

const jsonOf = (output: string): Record<string, unknown>[] =>
  output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** A logger that keeps what is logged, and by which method. */
function remembering(more: Partial<Logger> = {}) {
  const logged: { level: string; fields: object; msg: string }[] = []
  const at = (level: string) => (fields: object, msg: string) =>
    void logged.push({ level, fields, msg })
  const logger: Logger = { info: at('info'), warn: at('warn'), error: at('error'), ...more }
  return { logged, at, logger }
}

describe('the option log', () => {
  test.each([
    ['on a terminal', undefined, true],
    ['where it is asked for', 'text', false],
    ['where it is asked for with a level', { format: 'text', level: 'info' }, false],
  ])('writes text %s', async (_, log, isTerminal) => {
    const lines = (await written(log, isTerminal)).split('\n')
    expect(lines[0]).toBe(
      "lastcall: now('deploy'): shutting down; deadline 9 s (grace 10 s, set by the application)",
    )
    expect(lines[1]).toBe("lastcall: hook 'http' (drain) done in 0 ms; 3 requests")
    expect(lines[2]).toBe("lastcall: hook 'events' (flush) failed: Error: boom")
    expect(lines[3]).toMatch(/^ +at /)
    expect(lines.slice(-3)).toEqual([
      'lastcall: shutdown failed in 0 ms: 1 hook done, 1 failed',
      "lastcall: exiting with code 1 (hook 'events' failed)",
      '',
    ])
  })

  test.each([
    ['where stderr is no terminal', undefined, false],
    ['where it is asked for', 'json', true],
    ['where it is asked for as an option', { format: 'json' }, true],
  ])('writes an object in each line %s', async (_, log, isTerminal) => {
    const lines = jsonOf(await written(log, isTerminal))
    expect(lines.map(({ level, event }) => [level, event])).toEqual([
      ['info', 'start'],
      ['info', 'hook:end'],
      ['error', 'hook:end'],
      ['error', 'end'],
      ['error', 'exit'],
    ])
    for (const line of lines) {
      expect(line).toMatchObject({ time: '2000-01-01T00:00:00.000Z', pid: 4242, name: 'lastcall' })
    }
  })

  test('has the same words in JSON, with the whole block of a problem in one line', async () => {
    const messages = jsonOf(await written('json')).map(({ msg }) => `lastcall: ${msg}\n`)
    expect(messages.join('').replace(/ +at .*\n/g, '')).toBe(
      (await written('text')).replace(/ +at .*\n/g, ''),
    )
    expect(messages[2]).toMatch(/failed: Error: boom\n +at /)
  })

  test.each([false as const, { level: 'error' as const }, { level: 'warn' as const }])(
    'keeps what is below its level to itself: %j',
    async (log) => {
      const { shutdown, process, clock } = virtualShutdown({ log, grace: '10s' })
      shutdown.add({ name: 'a', phase: 'drain', run: () => {} })
      void shutdown.now()
      await clock.advance(0)
      expect(process.exits).toEqual([0])
      expect(process.output).toBe('')
    },
  )

  test('with false says nothing of what goes wrong either', async () => {
    expect(await written(false, true)).toBe('')
  })

  test('with the level debug tells what begins, and notes', async () => {
    const events = jsonOf(await written({ format: 'json', level: 'debug' })).map(
      (line) => line.event,
    )
    expect(events).toEqual([
      'start',
      ...['phase:start', 'hook:start', 'hook:note', 'hook:end', 'phase:end'],
      ...['phase:start', 'hook:start', 'hook:end', 'phase:end'],
      ...['end', 'exit'],
    ])
  })

  test.each([
    [true, "`log` to be false, 'text', 'json'"],
    ['warn', "Write { level: 'warn' }."],
    [[], '`log`'],
    [{ level: 'warning' }, '`log.level` to be one of debug, info, warn, error'],
    [{ level: 'fatal' }, '`log.level`'],
    [{ level: null }, '`log.level`'],
    [{ format: 'xml' }, '`log.format` to be one of text, json'],
    [{ formats: 'json' }, 'Unknown option `formats` of `log`. Did you mean `format`?'],
    [{ info: () => {}, error: () => {} }, 'This one has no warn().'],
    [() => {}, 'a function'],
  ])('refuses what it does not know: %j', (log, message) => {
    const error = errorOf(() => virtualShutdown({ log } as ShutdownOptions))
    expect(error).toMatchObject({ code: 'LASTCALL_INVALID_OPTION' })
    expect(error.message).toContain(message)
  })
})

describe('a logger', () => {
  test('gets fields and a message, as pino takes them, and nothing is written to stderr', async () => {
    const { logged, logger } = remembering()
    expect(await written(logger)).toBe('')
    expect(logged.map(({ level, msg }) => `${level} ${msg.split('\n')[0]}`)).toEqual([
      "info lastcall: now('deploy'): shutting down; deadline 9 s (grace 10 s, set by the application)",
      "info lastcall: hook 'http' (drain) done in 0 ms; 3 requests",
      "error lastcall: hook 'events' (flush) failed: Error: boom",
      'error lastcall: shutdown failed in 0 ms: 1 hook done, 1 failed',
      "error lastcall: exiting with code 1 (hook 'events' failed)",
    ])
    expect(logged[2]?.fields).toMatchObject({
      event: 'hook:end',
      hook: 'events',
      err: { type: 'Error', message: 'boom', stack: expect.stringContaining('boom') },
    })
  })

  test('with debug() gets what begins', async () => {
    const { logged, at } = remembering()
    await written(remembering({ debug: at('debug') }).logger)
    expect(logged.map(({ msg }) => msg)).toContain(
      "lastcall: hook 'http' (drain) begins; limit 7.19 s",
    )
  })

  test.each([true, false])(
    'gets, by fatal() if it has that, what an exit of the application loses: %s',
    async (hasFatal) => {
      const { logged, at, logger } = remembering()
      if (hasFatal) logger.fatal = at('fatal')
      const { shutdown, process } = virtualShutdown({ log: logger })
      shutdown.add({ name: 'http', phase: 'drain', run: () => new Promise(() => {}) })
      void shutdown.now()
      process.emit('exit')
      expect(logged.at(-1)).toMatchObject({
        level: hasFatal ? 'fatal' : 'error',
        fields: { event: 'exit:early', lost: ['http'] },
      })
      expect(process.exitCode).toBe(1)
    },
  )

  test('is called as a method of its own', async () => {
    class Own {
      readonly lines: string[] = []
      info(_fields: object, message: string) {
        this.lines.push(message)
      }
      warn = this.info
      error = this.info
    }
    const own = new Own()
    await written(own)
    expect(own.lines).toHaveLength(5)
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ])('that %s breaks nothing: stderr has what it refused, and why, once', async (_, refuse) => {
    const { logged, at } = remembering()
    const logger = { info: refuse, warn: refuse, error: at('error') }
    const lines = jsonOf(await written(logger))
    expect(lines.map(({ event, msg }) => [event, msg])).toEqual([
      [
        'log:failed',
        'the logger failed; the lines that it refused follow on stderr: Error: disk full',
      ],
      ['start', expect.any(String)],
      ['hook:end', "hook 'http' (drain) done in 0 ms; 3 requests"],
    ])
    expect(logged.map(({ msg }) => msg)).toEqual([
      expect.stringContaining("hook 'events' (flush) failed"),
      expect.stringContaining('shutdown failed'),
      expect.stringContaining('exiting with code 1'),
    ])
  })
})

describe('a console', () => {
  test.each([
    ['that of the process', () => console],
    ['a wrapper of it', () => ({ ...console })],
  ])('is the same as text on stderr: %s', async (_, consoleOf) => {
    const methods = ['debug', 'info', 'warn', 'error'] as const
    const spies = methods.map((method) => vi.spyOn(console, method).mockImplementation(() => {}))
    onTestFinished(() => void vi.restoreAllMocks())
    const withoutStack = (text: string) => text.replace(/^ +at .*\n/gm, '')
    expect(withoutStack(await written(consoleOf()))).toBe(withoutStack(await written('text')))
    for (const spy of spies) expect(spy).not.toHaveBeenCalled()
  })

  test('that the application has made gets the messages alone, on its own streams', async () => {
    const texts = { out: '', err: '' }
    const into = (name: 'out' | 'err') =>
      new Writable({
        write(chunk, _encoding, done) {
          texts[name] += chunk
          done()
        },
      })
    const made = new Console(into('out'), into('err'))
    expect(await written(made)).toBe('')
    expect(texts.out.split('\n')).toEqual([
      expect.stringMatching(/^lastcall: now\('deploy'\): shutting down; /),
      "lastcall: hook 'http' (drain) done in 0 ms; 3 requests",
      '',
    ])
    expect(texts.err.replace(/^ +at .*\n/gm, '').split('\n')).toEqual([
      "lastcall: hook 'events' (flush) failed: Error: boom",
      'lastcall: shutdown failed in 0 ms: 1 hook done, 1 failed',
      "lastcall: exiting with code 1 (hook 'events' failed)",
      '',
    ])
  })
})

describe('the exit waits for a logger', () => {
  /** A run without hooks, whose logger is flushed as this says. */
  function leaving(flush: NonNullable<Logger['flush']>, process = new VirtualProcess()) {
    const { logger } = remembering({ flush })
    const clock = new VirtualClock()
    const { shutdown } = virtualShutdown({ grace: '10s', log: logger }, { process, clock })
    return { shutdown, process, clock }
  }

  test('that calls back, until it does', async () => {
    let done = () => {}
    const { shutdown, process, clock } = leaving((callback) => {
      done = callback
    })
    void shutdown.now()
    await clock.advance(100)
    expect(process.exits).toEqual([])
    done()
    await clock.advance(0)
    expect(process.exits).toEqual([0])
  })

  test.each([
    ['resolves', () => Promise.resolve()],
    ['rejects', () => Promise.reject(new Error('disk full'))],
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
    ],
  ])('whose flush() %s no longer than that', async (_, flush) => {
    const { shutdown, process, clock } = leaving(flush)
    void shutdown.now()
    await clock.advance(0)
    expect(process.exits).toEqual([0])
  })

  test('that never calls back, for 90 % of the margin', async () => {
    const { shutdown, process, clock } = leaving(() => {})
    void shutdown.now()
    await clock.advance(899)
    expect(process.exits).toEqual([])
    await clock.advance(1)
    expect(process.exits).toHaveLength(1)
  })

  test('after the last line, and also for that of another shutdown in the process', async () => {
    const process = new VirtualProcess()
    const clock = new VirtualClock()
    const { logger, logged } = remembering()
    const flushed: number[] = []
    logger.flush = (callback) => {
      flushed.push(logged.length)
      clock.setTimeout(callback, 300)
    }
    const first = virtualShutdown({ grace: '10s', log: logger }, { process, clock }).shutdown
    const second = virtualShutdown({ grace: '10s', log: false }, { process, clock }).shutdown
    second.add({ name: 'slow', phase: 'drain', run: () => clock.sleep(500) })
    first.listen()
    second.listen()
    process.send('SIGTERM')
    await clock.advance(799)
    expect(process.exits).toEqual([])
    await clock.advance(1)
    expect(process.exits).toEqual([0])
    expect(flushed).toEqual([logged.length])
  })
})
