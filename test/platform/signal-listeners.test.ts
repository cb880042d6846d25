import { describe, expect, test } from 'vitest'
import { describeListener, listenerLabel } from '../../src/platform/signal-listeners.ts'

declare const server: { close(then?: () => void): void }
declare const httpServer: typeof server
declare const pool: { end(): Promise<void> }
declare const stop: () => void
let stopping = false

describe('a listener needs no time when the hooks have ended', () => {
  test.each([
    ['that does nothing', () => {}],
    [
      'that sets a flag',
      () => {
        if (!stopping) stopping = true
      },
    ],
    ['that logs', () => console.log('stopping', stopping)],
    ['that closes a server', () => server.close()],
    ['that closes a server and exits', () => server.close(() => process.exit(0))],
    [
      'with a name and a parameter',
      function onSignal(_signal: string) {
        console.error('closing')
        httpServer.close(() => {
          console.error('closed')
          process.exit(0)
        })
      },
    ],
    ['of signal-exit', () => ({ emitter: { count: 1 } }).emitter.count],
  ])('%s', (_, listener) => {
    expect(describeListener(listener)).toMatchObject({ needsNoTime: true, exits: false })
  })

  test.each([
    ['that ends a pool', () => pool.end(), false],
    ['that awaits', async () => void (await 1), false],
    ['that calls anything', () => stop(), false],
    ['of a long source', new Function(`let flag; ${'flag = 1;'.repeat(3000)}`), false],
    ['that exits', () => process.exit(0), true],
    [
      'that exits beside closing',
      () => {
        server.close()
        setTimeout(() => process.exit(1), 100)
      },
      true,
    ],
    ['whose source is unknown', stop_(), false],
  ])('but not one %s', (_, listener, exits) => {
    expect(describeListener(listener)).toMatchObject({ needsNoTime: false, exits })
  })
})

/** A bound function shows no source. */
function stop_() {
  return (() => {}).bind(undefined)
}

describe('its label', () => {
  const labelOf = (listener: unknown) => listenerLabel(describeListener(listener))

  test.each([
    ['is its name', async function telemetry() {}, "'telemetry'"],
    [
      'is the package',
      {
        cleanup: async () =>
          void ({} as never as { callBeforeShutdownHook: 1 }).callBeforeShutdownHook,
      }.cleanup,
      'NestJS',
    ],
    [
      'is the package',
      { shutdown: () => 'OpenTelemetry SDK terminated' }.shutdown,
      'OpenTelemetry',
    ],
  ])('%s', (_, listener, label) => {
    expect(labelOf(listener)).toBe(label)
  })

  test('of one without a name is the beginning of its source', () => {
    const [nameless] = [async () => await stop()]
    expect(labelOf(nameless)).toBe('a listener without a name (async () => await stop())')
  })

  test.each([
    [undefined],
    [null],
    [
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('boom')
          },
        },
      ),
    ],
  ])('never throws (%#)', (listener) => {
    expect(labelOf(listener)).toBe('a listener without a name ()')
  })
})
