export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** The first ten of what is left, and how many more there are. */
export function firstOf(left: readonly string[], what: string): string[] {
  const more = left.length - 10
  return more > 0 ? [...left.slice(0, 10), `${count(more, what)} more`] : [...left]
}
