/** A number with its noun: `1 hook`, `2 hooks`. For nouns whose plural ends in `s`. */
export function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Hooks by name: `hook 'a'`, `hooks 'a' and 'b'`. Of more than three, the first three and a number. */
export function hookNames(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `'${name}'`)
  const more = names.length - shown.length
  const last = more > 0 ? `${more} more` : shown.pop()
  return shown.length === 0 ? `hook ${last}` : `hooks ${shown.join(', ')} and ${last}`
}

/** How many lines of a list are shown: a thousand would hide everything else. */
const LONGEST_LIST = 10

/** The first ten lines of a list. A last line says how many more there are: `4 requests more`. */
export function firstTen(lines: readonly string[], noun: string): string[] {
  const more = lines.length - LONGEST_LIST
  return more > 0 ? [...lines.slice(0, LONGEST_LIST), `${plural(more, noun)} more`] : [...lines]
}
