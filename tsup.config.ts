import { readFile } from 'node:fs/promises'
import { transform } from 'esbuild'
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
    // The thread of the watchdog runs from its text. It is put in as a text, which no bundler of an
    // application changes: what these put into a function, such as calls of helpers that keep its name,
    // is not there in the thread.
    esbuildPlugins: [
      {
        name: 'a thread as its text',
        setup({ onLoad }) {
          onLoad({ filter: /[\\/]watchdog[\\/]thread\.ts$/ }, async ({ path }) => {
            const { code } = await transform(await readFile(path, 'utf8'), {
              loader: 'ts',
              target: 'node20.19',
              minifyWhitespace: true,
            })
            const exported = await import(`data:text/javascript,${encodeURIComponent(code)}`)
            const texts = Object.entries(exported).map(([name, value]) => {
              const plain = typeof value === 'function' ? String(value) : value
              return `export const ${name} = ${JSON.stringify(plain)}`
            })
            return { contents: texts.join('\n') }
          })
        },
      },
    ],
  },
  // The command line: a program of its own, with its parser in it. As one file of CommonJS it starts 7 ms
  // sooner than as modules; what a command alone needs is run when it is asked for.
  {
    entry: { cli: 'src/cli/main.ts' },
    outDir: 'dist/cli',
    outExtension: () => ({ js: '.cjs' }),
    format: 'cjs',
    target: 'node20.19',
    noExternal: ['eventemitter3', 'p-timeout'],
    define: { VERSION: JSON.stringify(version) },
    // A third of the whole is drawing, and more than that are the doctor's parsers: a program that is run
    // must not wait for them to be read.
    esbuildPlugins: [
      {
        name: 'commands that are files of their own',
        setup: ({ onResolve }) => {
          const files = { './timeline/timeline.ts': 'timeline', './doctor/index.ts': 'doctor' }
          for (const [path, name] of Object.entries(files)) {
            const filter = new RegExp(`^${path.replaceAll('.', '\\.')}$`)
            onResolve({ filter }, () => ({ path: `./${name}.cjs`, external: true }))
          }
        },
      },
    ],
  },
  {
    entry: { timeline: 'src/cli/timeline/timeline.ts', doctor: 'src/cli/doctor/index.ts' },
    outDir: 'dist/cli',
    outExtension: () => ({ js: '.cjs' }),
    format: 'cjs',
    target: 'node20.19',
    splitting: false,
    minifyWhitespace: true,
    noExternal: ['acorn', 'diff', 'dockerfile-ast', 'shell-quote', 'yaml'],
  },
])
