// Mutants of the drain, with real sockets, so this takes some 20 minutes: npm run test:mutation:drain
import core from './stryker.config.mjs'

export default {
  ...core,
  vitest: { configFile: 'test/mutation/drain.vitest.config.ts' },
  mutate: [
    'src/http/drain.ts',
    'src/http/stop-listening.ts',
    'src/http/http1/drain-connections.ts',
    'src/http/http1/silent-connections.ts',
  ],
  htmlReporter: { fileName: 'reports/mutation-drain.html' },
}
