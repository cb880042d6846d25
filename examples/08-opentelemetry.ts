// OpenTelemetry: one span for the shutdown, below it one for each phase, and below these one for each hook.
import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, subscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  NodeTracerProvider,
} from '@opentelemetry/sdk-trace-node'
import { createShutdown, type HookTrace, type PhaseTrace, type ShutdownTrace } from 'lastcall'

/** OpenTelemetry's context manager, but with a public storage, so that channels can be bound to it. */
class ContextManager extends AsyncLocalStorageContextManager {
  readonly storage = new AsyncLocalStorage<Context>()

  override active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT
  }

  override with<Args extends unknown[], Work extends (...args: Args) => ReturnType<Work>>(
    active: Context,
    work: Work,
    thisArg?: ThisParameterType<Work>,
    ...args: Args
  ): ReturnType<Work> {
    return this.storage.run(active, () => work.call(thisArg, ...args))
  }
}

const contextManager = new ContextManager()
const exporter = new InMemorySpanExporter() // use your exporter here, such as OTLPTraceExporter
const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })
provider.register({ contextManager })
const tracer = trace.getTracer('lastcall')

traceShutdowns()

const shutdown = createShutdown({ grace: '1s' })
shutdown.add(
  'orders',
  async () => {
    await sleep(20)
    // A span that the application or a library creates while the hook runs is below the hook's span.
    await tracer.startActiveSpan('UPDATE orders', async (span) => {
      await sleep(10)
      span.end()
    })
  },
  { phase: 'drain' },
)
// One hook fails and one hangs, to show their spans.
shutdown.add('cache', () => Promise.reject(new Error('no route')), { phase: 'flush' })
shutdown.add(
  'index',
  ({ note }) => {
    note('3 documents left')
    return new Promise(() => {})
  },
  { phase: 'flush', timeout: '100ms' },
)
shutdown.listen()
setInterval(() => {}, 1000)
console.log('ready')

/** Call it once in a process, before the first shutdown begins: all shutdowns share the channels. */
function traceShutdowns(): void {
  spansFor<ShutdownTrace>('shutdown', 'shutdown', ({ report }, span) => {
    span.setAttribute('lastcall.exit_code', report?.exitCode ?? 0)
    for (const { error } of report?.faults ?? []) span.recordException(error.message)
    if (report?.outcome !== 'clean') fail(span, report?.outcome)
  })
  spansFor<PhaseTrace>('phase', ({ phase }) => `phase ${phase}`)
  spansFor<HookTrace>(
    'hook',
    ({ hook }) => `hook ${hook}`,
    ({ status, limit, report, error }, span) => {
      span.setAttribute('lastcall.limit', limit)
      for (const note of report?.notes ?? []) span.addEvent(note)
      if (status === 'done') return
      span.recordException(error as Error)
      fail(span, status)
    },
  )
  // Subscribed last, so that the span of the shutdown has ended. The exit waits for the promise, within the
  // margin. You need no hook that flushes; it would run before this span ends.
  subscribe('tracing:lastcall.shutdown:asyncEnd', (message) => {
    ;(message as ShutdownTrace).waitUntil(provider.forceFlush().then(print))
  })
}

/** Makes a span from `start` to `asyncEnd`. It is active for everything that happens in between. */
function spansFor<Trace extends object>(
  what: 'shutdown' | 'phase' | 'hook',
  name: string | ((traced: Trace) => string),
  describe: (traced: Trace, span: Span) => void = () => {},
): void {
  const spans = new WeakMap<object, Span>()
  channel(`tracing:lastcall.${what}:start`).bindStore(contextManager.storage, (traced) => {
    const span = tracer.startSpan(typeof name === 'string' ? name : name(traced as Trace))
    spans.set(traced as Trace, span)
    return trace.setSpan(context.active(), span)
  })
  subscribe(`tracing:lastcall.${what}:asyncEnd`, (traced) => {
    const span = spans.get(traced as Trace)
    if (!span) return
    describe(traced as Trace, span)
    span.end()
  })
}

function fail(span: Span, message = ''): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message })
}

/** Prints the spans that a collector would get. */
function print(): void {
  for (const span of exporter.getFinishedSpans()) {
    const { name, status, attributes, startTime, duration, events } = span
    const { spanId: id, traceId } = span.spanContext()
    const parent = span.parentSpanContext?.spanId
    const errors = events.map((event) => event.attributes?.['exception.message'] ?? event.name)
    console.log(
      JSON.stringify({
        name,
        id,
        parent,
        traceId,
        status,
        attributes,
        startTime,
        duration,
        errors,
      }),
    )
  }
}
