import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
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
    // The entries share one copy of common code, in CommonJS too. Otherwise each entry would have its
    // own error classes, and instanceof would fail between them.
    splitting: true,
    // The build copies the dependencies. Loading them as files of their own takes longer than the rest
    // of the import, above all when they use the other module system and Node has to start its loader
    // for them. They stay in `dependencies` for tools that list what a package contains. Their licences
    // are in THIRD_PARTY_LICENSES.
    noExternal: ['eventemitter3', 'p-timeout', 'http-terminator'],
    // Copies of the same version share what they know of servers.
    define: { VERSION: JSON.stringify(version) },
    dts: true,
    treeshake: false,
    // The watchdog starts its thread from source text. The build turns that source, and the functions that it is given, into strings, because
    // an application's bundler does not change strings. In a function it may insert calls of its helpers,
    // such as the one that keeps function names, and the thread does not have those helpers.
    esbuildPlugins: [
      {
        // http-terminator logs with roarr, which sets `globalThis.ROARR` and opens stdout when it is
        // loaded. That global cannot be deleted afterwards: an application that uses roarr itself may
        // share the copy, and needs it. So the build gives http-terminator a logger that logs nothing. Its
        // one line is about a second `terminate()`, which this library never calls. The source is used
        // because it has `import`: in an ES module, the `require('http')` of its built files would fail.
        // And `import http from 'http'` makes Node 22 load what every getter of `http` stands for, such as
        // HTTP/2 and TLS for its WebSocket, so it becomes a call.
        name: 'http-terminator without its logger',
        setup({ onResolve, onLoad }) {
          const source = import.meta.resolve('http-terminator/src/index.ts')
          onResolve({ filter: /^http-terminator$/ }, () => ({ path: fileURLToPath(source) }))
          const replaced = {
            roarr: 'export const Roarr = { child: () => Roarr, warn() {} }',
            http: `export default process.getBuiltinModule('node:http')`,
          }
          for (const [name, contents] of Object.entries(replaced)) {
            const filter = new RegExp(`^${name}$`)
            onResolve({ filter }, ({ path, importer }) =>
              importer.includes('http-terminator') ? { path, namespace: 'replaced' } : undefined,
            )
            onLoad({ filter, namespace: 'replaced' }, () => ({ contents }))
          }
        },
      },
      {
        name: 'a thread as its text',
        setup({ onLoad }) {
          onLoad({ filter: /[\\/]watchdog[\\/]thread\.ts$/ }, async ({ path }) => {
            const { outputFiles } = await build({
              entryPoints: [path],
              bundle: true,
              write: false,
              format: 'esm',
              target: 'node20.19',
              minifyWhitespace: true,
            })
            const code = encodeURIComponent(outputFiles[0]?.text ?? '')
            const exported = await import(`data:text/javascript,${code}`)
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
  // The command line is a program of its own. As one file of CommonJS it starts 7 ms sooner than as
  // modules. The code that only one command needs runs when that command is called.
  {
    entry: { cli: 'src/cli/main.ts' },
    outDir: 'dist/cli',
    outExtension: () => ({ js: '.cjs' }),
    format: 'cjs',
    target: 'node20.19',
    noExternal: ['eventemitter3', 'p-timeout'],
    define: { VERSION: JSON.stringify(version) },
    // The drawing and the doctor's parsers are most of the code. They are files of their own, so that
    // `run` need not wait until Node has read them.
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
