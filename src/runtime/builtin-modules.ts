// Node has loaded its own modules already, but importing them still takes time: node:os and node:fs a
// third of this package's load time, the modules for time a tenth. So a module is fetched when it is
// needed.

/** One of Node's own modules. */
export const builtinModule = ((name: string) =>
  process.getBuiltinModule(name)) as typeof process.getBuiltinModule
