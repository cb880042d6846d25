import { defineConfig } from 'vitest/config'
import common from '../../vitest.config.ts'

/** The tests that show what a drain of HTTP/1 does; all of test/http would take a minute for each mutant. */
export default defineConfig({
  ...common,
  test: {
    ...common.test,
    include: [
      'test/http/http1/*.test.ts',
      'test/http/{gone-too-soon,idle-connections,late-requests,limit,linger}.test.ts',
      'test/http/{new-connections,pipelining,requests-in-flight,servers,strangers}.test.ts',
      'test/http/{faulty-clients,upgrades,uploads}.test.ts',
    ],
  },
})
