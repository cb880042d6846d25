import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Real containers: `npm run test:docker`. Apart from the other tests, for they need an engine.
export default defineConfig({
  test: {
    include: ['test/docker/**/*.test.ts'],
    globalSetup: [fileURLToPath(new URL('setup.ts', import.meta.url))],
    // Containers are started side by side within a file; those of two files would only slow each other.
    fileParallelism: false,
    maxConcurrency: 4,
    // One test waits for the 10 s that `docker stop` grants by default.
    testTimeout: 60_000,
    // The engine ends what still runs before it leaves.
    teardownTimeout: 60_000,
  },
})
