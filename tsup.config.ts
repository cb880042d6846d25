import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts', 'http/index': 'src/http/index.ts' },
  format: ['esm', 'cjs'],
  target: 'node20.19',
  // One copy of what the entries share, in CommonJS too: an error is of one class whoever threw it.
  splitting: true,
  dts: true,
  clean: true,
  treeshake: false,
})
