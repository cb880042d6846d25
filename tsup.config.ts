import { defineConfig } from 'tsup'
import { version } from './package.json'

export default defineConfig([
  {
    entry: {
      index: 'src/index.ts',
      'http/index': 'src/http/index.ts',
      'workers/index': 'src/workers/index.ts',
      'testing/index': 'src/testing/index.ts',
    },
    format: ['esm', 'cjs'],
    target: 'node20.19',
    // One copy of what the entries share, in CommonJS too: an error is of one class whoever threw it.
    splitting: true,
    // The two small dependencies of the core are copied into it: to find and load them as files of
    // their own takes longer than all the rest of the import, most of all where they are of the other
    // module system and Node has to start its loader for that. They stay dependencies, for the tools
    // that look for what a package is made of; their licences are in THIRD_PARTY_LICENSES.
    noExternal: ['eventemitter3', 'p-timeout'],
    dts: true,
    treeshake: false,
  },
  // The command line: a program of its own, with its parser in it. As one file of CommonJS it starts 7 ms
  // sooner than as modules; what a command alone needs is run when it is asked for.
  {
    entry: { cli: 'src/cli/main.ts' },
    outDir: 'dist/cli',
    outExtension: () => ({ js: '.cjs' }),
    format: 'cjs',
    target: 'node20.19',
    noExternal: ['cac', 'eventemitter3', 'p-timeout'],
    define: { VERSION: JSON.stringify(version) },
    // Drawing is a third of the whole, and a program that is run must not wait for it to be read.
    esbuildPlugins: [
      {
        name: 'a file of its own for the timeline',
        setup: ({ onResolve }) =>
          onResolve({ filter: /\/timeline\/timeline\.ts$/ }, () => {
            return { path: './timeline.cjs', external: true }
          }),
      },
    ],
  },
  {
    entry: { timeline: 'src/cli/timeline/timeline.ts' },
    outDir: 'dist/cli',
    outExtension: () => ({ js: '.cjs' }),
    format: 'cjs',
    target: 'node20.19',
  },
])
