export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** Notes for what had to be left at a limit: the first ten, and how many more there are. */
export function cutOff(left: readonly string[], what: string): string[] {
  const shown = left.slice(0, 10).map((name) => `cut off: ${name}`)
  const more = left.length - shown.length
  return more > 0 ? [...shown, `cut off: ${count(more, what)} more`] : shown
}
