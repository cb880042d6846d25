import { defineConfig } from 'vitest/config'
import common, { PROGRAMS } from '../vitest.config.ts'

// Tests that start many programs: `npm run test:programs`.
export default defineConfig({
  ...common,
  test: { ...common.test, include: PROGRAMS, exclude: [] },
})
