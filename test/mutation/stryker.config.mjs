// Mutants of the core, to see whether a test fails for each: npm run test:mutation
// Those that live are listed, each with its place; reports/mutation.html shows them.
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts' },
  mutate: [
    'src/engine/budget.ts',
    'src/engine/coordinator.ts',
    'src/exit/exit-codes.ts',
    'src/exit/exit.ts',
    'src/runtime/with-limit.ts',
    'src/engine/plan.ts',
    'src/engine/registry.ts',
    'src/engine/report.ts',
    'src/engine/shutdown-run.ts',
    'src/engine/hook-run.ts',
  ],
  // A word of a message that is another word is no fault of the order in which things end.
  mutator: { excludedMutations: ['StringLiteral'] },
  reporters: ['clear-text', 'progress', 'html'],
  htmlReporter: { fileName: 'reports/mutation.html' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 10_000,
  tempDirName: '.stryker',
  ignorePatterns: ['dist', 'reports', 'bench', 'examples', 'docs'],
}
