/**
 * A text as a terminal may have it: names and messages may come from anywhere, and could move its cursor,
 * or look like a line of their own.
 */
export function escapeControls(text: string): string {
  const plain = isAscii.test(text)
    ? text
    : text.replace(/\r\n/g, '\n').replace(unprintable(), escaped)
  return plain.replace(/\n(?! )/g, '\n  ')
}

const isAscii = /^[\n -~]*$/

// Made when it is needed: with the properties of Unicode it takes as long as all the rest of a line.
const unprintable = () => /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

function escaped(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
}
