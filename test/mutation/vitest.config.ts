import { defineConfig } from 'vitest/config'
import common from '../../vitest.config.ts'

/** The tests that run inside of one process, in no time: those that a mutant of the core can be tried with. */
export default defineConfig({
  ...common,
  test: {
    ...common.test,
    include: [
      'test/*.test.ts',
      'test/{base,engine,exit,observe,picture,platform,runtime,text,triggers}/*.test.ts',
      'test/model/model.test.ts',
    ],
  },
})
