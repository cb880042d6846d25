import { defineConfig, type Options } from 'tsup'

const common: Options = {
  entry: { index: 'src/index.ts', 'http/index': 'src/http/index.ts' },
  target: 'node20.19',
  // One copy of what the entries share, in CommonJS too: an error is of one class whoever threw it.
  splitting: true,
  treeshake: false,
  dts: true,
}

// Each build carries a copy of the one dependency that is of the other module system. Importing
// eventemitter3, which is CommonJS, makes Node start its CommonJS loader and lexer, which takes
// longer than all the rest; requiring p-timeout, a module, makes it start the loader of those.
export default defineConfig([
  { ...common, format: 'esm', noExternal: ['eventemitter3'] },
  { ...common, format: 'cjs', noExternal: ['p-timeout'] },
])
