import { defineConfig } from 'vitest/config'
import common, { PROGRAMS } from '../../vitest.config.ts'

/** All tests but those of containers and of the package, with what they reach of src/ in their own process. */
export default defineConfig({
  ...common,
  test: {
    ...common.test,
    include: ['test/**/*.test.ts'],
    exclude: (common.test?.exclude ?? []).filter((pattern) => !PROGRAMS.includes(pattern)),
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: ['json'],
      reportsDirectory: 'coverage',
      reportOnFailure: true,
    },
  },
})
