import type { KnipConfig } from 'knip'

export default {
  entry: [
    // The package: its entries, and its command line.
    'src/{,http/,workers/,testing/}index.ts',
    'src/cli/main.ts',
    // Programs that are run by path, in a process of their own; others are named by package.json.
    'examples/*.ts',
    'examples/demo/{by-hand,with-lastcall}.ts',
    'examples/deployment/server.ts',
    'examples/fleet/{express,fastify}.ts',
    'examples/timeline/shop.ts',
    'examples/sequences/shop.mjs',
    'bench/{cluster-service,crowd,cycles-process,service,watchdog-service}.mjs',
    'bench/peers/{part.ts,service.mjs,slow-read.ts}',
    'test/support/clients/crowd.mjs',
    'test/storm/service.mjs',
    'test/testing/starts/test-process.mjs',
    'test/fleet/services/*.ts',
    'test/runners/texts/*',
    'test/mutation/{,drain.}vitest.config.ts',
    'test/coverage/vitest.config.ts',
    // Only compiled.
    'test/types/*.ts',
  ],
  project: ['{src,test,bench,examples}/**/*.{ts,mjs}', '*.config.ts'],
  stryker: { config: ['test/mutation/{stryker,drain}.config.mjs'] },
  // What a function takes or returns has a name for whoever calls it, also where nobody has written it yet.
  ignoreExportsUsedInFile: { interface: true, type: true },
  ignoreDependencies: [
    // Run as a program by test/package/tarball/published.test.ts.
    '@arethetypeswrong/cli',
    // Run as a program by test/package/compilers.test.ts.
    'typescript-next',
    // Run as a program by test/docs/testing.test.ts; the other, by a block of docs/how-to/testing.md.
    'jest',
    '@jest/globals',
    // Imported by programs that test/process/log.test.ts writes.
    'pino',
    // The same, by test/process/others-close.test.ts.
    'socket.io',
    // Imported by blocks of docs/how-to/sending-clients-away.md.
    '@hapi/hapi',
    'http-proxy-3',
    // What is recorded, installed by examples/sequences/pm2/package.json.
    'pm2',
    // What is measured beside lastcall, installed by bench/peers/package.json.
    '@godaddy/terminus',
    'close-with-grace',
    'lightship',
    'stoppable',
  ],
} satisfies KnipConfig
