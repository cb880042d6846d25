/** The version of the package. The build puts it in; there is none where the source runs. */
declare const VERSION: string | undefined
const version = typeof VERSION === 'undefined' ? 'source' : VERSION

/**
 * A symbol that all copies of this version of the package share: an application may load the package as
 * ESM and as CommonJS. Other versions have another one, so the shape behind it may change.
 */
export function sharedSymbol(name: string): symbol {
  return Symbol.for(`lastcall.${name}@${version}`)
}

/** State that all copies of this version of the package share. The first to ask for it creates it. */
export function sharedState<State extends object>(name: string, create: () => State): State {
  const shared = globalThis as Record<symbol, unknown>
  const symbol = sharedSymbol(name)
  shared[symbol] ??= create()
  return shared[symbol] as State
}
