import { defineConfig } from 'vitest/config'
import common from '../../vitest.config.ts'

/** The tests that show what a drain of HTTP/1 does; all of test/http would take a minute for each mutant. */
export default defineConfig({
  ...common,
  test: {
    ...common.test,
    include: [
      'test/http/http1/*.test.ts',
      'test/http/{connections-destroyed-early,due-queue,idle-connections,late-requests,limit}.test.ts',
      'test/http/{connections-opened-before-hand-in,pipelining,requests-in-flight,servers}.test.ts',
      'test/http/stop-listening.test.ts',
      'test/http/{faulty-clients,upgrades,uploads}.test.ts',
    ],
  },
})
