import { defineConfig } from 'vitest/config'
import { ENTRIES } from './test/support/programs/entries.ts'

/** Tests that start many programs. `npm run test:programs` runs them, and `npm test` does not. */
export const PROGRAMS = [
  'test/cli/*.test.ts',
  'test/examples/deployment-pm2.test.ts',
  'test/examples/discovery/*.test.ts',
  'test/testing/real/**/*.test.ts',
  'test/workers/bullmq.test.ts',
  'test/workers/cluster/**/*.test.ts',
]

export default defineConfig({
  resolve: {
    alias: ENTRIES.map(({ name, source }) => ({
      find: new RegExp(`^${name}$`),
      replacement: source,
    })),
  },
  test: {
    include: ['test/**/*.test.ts'],
    // These have commands of their own: npm run test:docker, npm run test:package.
    exclude: ['test/docker/**', 'test/package/tarball/**', ...PROGRAMS],
    // Real processes each take a core for a while; more of them at once would only slow each other.
    maxWorkers: 2,
    testTimeout: 20_000,
    // A hook that starts and stops a service does what the tests after it look at.
    hookTimeout: 20_000,
  },
})
