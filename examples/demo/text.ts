// How the demo writes: lines of at most 80 columns, in colour where the terminal has colours.

export const colors = process.stdout.isTTY && process.stdout.hasColors()

export function say(line: string): void {
  console.log(`  ${line}`)
}

export function heading(name: string): void {
  console.log(`\n${paint('bold', name)}`)
}

/** A log, indented. Its long lines go on in the next line; the picture in it is not wider than 76. */
export function log(lines: string): string {
  return lines
    .split('\n')
    .map((line) =>
      line.length > 78 && line.startsWith('lastcall: ') ? wrapped(line) : `  ${line}`,
    )
    .join('\n')
}

function wrapped(line: string): string {
  return (line.match(/.{1,74}(?: |$)/g) ?? [line])
    .map((part) => part.trim())
    .join('\n    ')
    .replace(/^/, '  ')
}

export function count(number: number): string {
  return number.toLocaleString('en')
}

export function seconds(milliseconds: number): string {
  return `${Number((milliseconds / 1000).toFixed(1))} s`
}

export function paint(color: 'bold' | 'green' | 'red', shown: string): string {
  const codes = { bold: 1, green: 32, red: 31 }
  return colors ? `\u001b[${codes[color]}m${shown}\u001b[0m` : shown
}
