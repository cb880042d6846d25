import type { FeatureGroup } from '../feature.ts'
import { endsWith } from '../lab.ts'

export const testing: FeatureGroup = {
  name: 'The kit for tests',
  features: [
    {
      name: '`createTestShutdown()`: signals, a clock that the test controls, the order and the code',
      check: (lab) => {
        const code = `
          import { createTestShutdown, expectCutOff, expectOrder } from 'lastcall/testing'
          const app = createTestShutdown({ grace: '30s' })
          app.shutdown.add([
            { name: 'postgres', phase: 'close', run: () => app.sleep('100ms') },
            { name: 'http', phase: 'drain', run: () => new Promise(() => {}) },
            { name: 'adds', phase: 'drain', run: () => void app.shutdown.add(late) },
          ])
          const late = { name: 'late', phase: 'announce', run: async () => {} }
          app.shutdown.listen()
          await app.signal('SIGTERM')
          await app.advance('30s')
          expectOrder(app.report, [['http', 'adds', 'late'], 'postgres'], { endedBy: 'any' })
          expectCutOff(app.report, 'http')
          console.log(app.order.ended.join(), app.exitCode)`
        const stdout = 'adds,late,http,postgres 124\n'
        return endsWith(lab.run(code), { code: 0, stdout, stderr: '' })
      },
    },
    {
      name: 'an expectation that fails shows the shutdown',
      check: (lab) => {
        const code = `
          import { createTestShutdown, expectBefore } from 'lastcall/testing'
          const { shutdown, ended } = createTestShutdown()
          shutdown.add({ name: 'a', phase: 'drain', run() {} })
          shutdown.add({ name: 'b', phase: 'close', run() {} })
          await shutdown.now()
          try { expectBefore(shutdown.report, 'b', 'a') } catch (error) {
            console.log(error.name + '\\n' + error.message)
          }`
        const stdout =
          /^AssertionError\n.*order b → a, but 'a' is in the phase drain.*\n\nnow\(\) → exit code 0/
        return endsWith(lab.run(code), { code: 0, stdout, stderr: '' })
      },
    },
    {
      name: '`stopLikeDocker()` gives the exit code of a program, and what the program leaves behind',
      check: (lab) => {
        const program = lab.file(`
          import { createShutdown } from 'lastcall'
          const shutdown = createShutdown({ log: false })
          shutdown.add({ name: 'a', phase: 'close', run: () => console.log('closed') })
          shutdown.listen()
          setInterval(() => {}, 1000)
          console.log('listening')`)
        const code = `
          import { stopLikeDocker } from 'lastcall/testing'
          const { stdout, notes, elapsed, ...stopped } = await stopLikeDocker(
            ${JSON.stringify(lab.command(program))}, { ready: /listening/ })
          console.log(JSON.stringify(stopped), stdout.split('\\n').join(' '))`
        const stopped = { code: 0, signal: null, killed: false, stderr: '', leftBehind: false }
        const stdout = `${JSON.stringify(stopped)} listening closed \n`
        return endsWith(lab.run(code), { code: 0, stdout, stderr: '' })
      },
    },
  ],
}
