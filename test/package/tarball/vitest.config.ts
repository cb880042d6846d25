import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// The package as it is published, installed: `npm run test:package`. Apart from the other tests, for it
// asks the registry, and takes longer than all else that concerns the package.
export default defineConfig({
  test: {
    include: ['test/package/tarball/**/*.test.ts'],
    globalSetup: [fileURLToPath(new URL('setup.ts', import.meta.url))],
    maxWorkers: 2,
    testTimeout: 60_000,
  },
})
