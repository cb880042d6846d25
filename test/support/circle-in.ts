/**
 * A circle of imports: its members in order, the first again at the end; empty where there is none.
 *
 * @param imports what each file or folder imports; names that are no key are left out
 */
export function circleIn(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const cleared = new Set<string>()
  const visit = (name: string, path: readonly string[]): string[] => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
    if (cleared.has(name)) return []
    for (const other of imports.get(name) ?? []) {
      const circle = visit(other, [...path, name])
      if (circle.length > 0) return circle
    }
    cleared.add(name)
    return []
  }
  for (const name of imports.keys()) {
    const circle = visit(name, [])
    if (circle.length > 0) return circle
  }
  return []
}
