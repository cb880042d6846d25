import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^lastcall\/testing$/, replacement: source('testing/index.ts') },
      { find: /^lastcall\/workers$/, replacement: source('workers/index.ts') },
      { find: /^lastcall\/http$/, replacement: source('http/index.ts') },
      { find: /^lastcall$/, replacement: source('index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Real containers have a command of their own: npm run test:docker.
    exclude: ['test/docker/**'],
    // Real processes each take a core for a while; more of them at once would only slow each other.
    maxWorkers: 2,
    testTimeout: 20_000,
  },
})
