// Node has loaded its own modules already. To import them in files of this package would still take time:
// node:os and node:fs a third of what loading this package takes, those of time a tenth. So a module is
// fetched when it is needed.

/** One of Node's own modules. */
export const builtinModule = ((name: string) =>
  process.getBuiltinModule(name)) as typeof process.getBuiltinModule
