// What is refused is marked; that it is refused, and all else accepted, is found by the compiler.
import type { Report, Shutdown } from 'lastcall'
import {
  createTestShutdown,
  expectCleanEnd,
  expectCutOff,
  expectEndWithin,
  expectOrder,
  expectPlanFits,
  expectTimeFor,
  expectTogether,
  type ShutdownMatchers,
  type Stopped,
  shutdownMatchers,
  stopLikeDocker,
  stopLikeKubernetes,
  stopLikePm2,
} from 'lastcall/testing'

declare function takes<T>(value: T): void

const test = createTestShutdown({ grace: '30s', env: { pm_id: '0' }, terminal: true })
createTestShutdown({ advanceTimers: async (milliseconds: number) => milliseconds })
// @ts-expect-error: misspelt
createTestShutdown({ grase: '30s' })
// @ts-expect-error: variables are strings
createTestShutdown({ env: { pm_id: 0 } })

takes<Shutdown>(test.shutdown)
takes<Promise<void>>(test.signal('SIGTERM'))
// @ts-expect-error: no signal
takes<Promise<void>>(test.signal('SIGTURM'))
takes<Promise<void>>(test.fault('boom', 'unhandledRejection'))
// @ts-expect-error: a listener's fault comes from a listener
takes<Promise<void>>(test.fault('boom', 'listener'))
takes<Promise<void>>(test.advance('3s'))
// @ts-expect-error: no duration
takes<Promise<void>>(test.advance(true))
takes<Promise<Report>>(test.ended)
takes<Report | undefined>(test.report)
takes<number | undefined>(test.exitCode)
takes<readonly string[]>(test.order.began)
// @ts-expect-error: it is told, and not set
test.exitCode = 1
// @ts-expect-error: it is told, and not added to
test.order.began.push('http')

takes<Promise<Report>>(test.run())
takes<Promise<Report>>(test.run('SIGINT'))
// @ts-expect-error: no signal
takes<Promise<Report>>(test.run('SIGTURM'))

expectOrder(test.report, ['http', ['jobs', 'mail'], 'postgres'])
expectOrder(test.report, ['http', 'postgres'], { endedBy: 'any' })
// @ts-expect-error: not a way to end
expectOrder(test.report, ['http', 'postgres'], { endedBy: 'failed' })
expectCleanEnd(test.report, { headroom: 20 })
// @ts-expect-error: per cent are a number
expectCleanEnd(test.report, { headroom: '20%' })
expectEndWithin(test.report, '8s')
expectPlanFits(test.shutdown.plan(), '10s')
// @ts-expect-error: a report is no plan
expectPlanFits(test.report, '10s')
// @ts-expect-error: the names are an array
expectOrder(test.report, 'http', 'postgres')
expectTogether(test.report, ['http', 'jobs'])
expectCutOff(test.report, 'http')
expectTimeFor(test.report, 'events', '2s')
// @ts-expect-error: no duration
expectTimeFor(test.report, 'events', true)

takes<keyof ShutdownMatchers>('toHaveRunInOrder')
takes<Record<keyof ShutdownMatchers, (...args: never[]) => { pass: boolean }>>(shutdownMatchers)

takes<Promise<Stopped>>(stopLikeDocker('node server.js', { ready: /listening/, grace: '5s' }))
takes<Promise<Stopped>>(stopLikeDocker(['node', 'server.js'], { ready: () => true }))
// @ts-expect-error: nobody knows when it is ready
takes<Promise<Stopped>>(stopLikeDocker(['node', 'server.js']))
// @ts-expect-error: no program
takes<Promise<Stopped>>(stopLikeDocker([], { ready: 'up' }))
takes<Promise<Stopped>>(stopLikeKubernetes('app', { ready: 'up', preStop: { sleep: '5s' } }))
// @ts-expect-error: only a pod has one
takes<Promise<Stopped>>(stopLikeDocker('app', { ready: 'up', preStop: { sleep: '5s' } }))
takes<Promise<Stopped>>(stopLikePm2('app', { ready: 'up', message: true }))
