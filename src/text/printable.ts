/**
 * Makes a text fit one line of a terminal or a picture. Removes escape sequences that move the cursor,
 * set colours or set a title, turns white space into a space, and escapes other control characters.
 */
export function printable(text: string): string {
  if (PLAIN_LINE.test(text)) return text
  return escapeLine(text.replace(SEQUENCES, '').replace(/[\t-\r]+/g, ' '))
}

/**
 * Makes a message safe for a log or a terminal. Shows control characters as `\u001b`. Indents further
 * lines, so that no name or message can look like a log line.
 */
export function escapeControls(text: string): string {
  const plain = PLAIN_LINES.test(text)
    ? text
    : text.replace(/\r\n/g, '\n').replace(/[^\n\t]+/g, escapeLine)
  return plain.replace(/\n(?! )/g, '\n  ')
}

/**
 * Shows control characters as `\u001b`, also line breaks, direction marks and invisible characters. The
 * joiners and tags inside emoji stay. The watchdog's thread runs the source text of this function, so the
 * function uses nothing from outside itself.
 */
export function escapeLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?!\u200c|\u200d|[\u{e0020}-\u{e007f}])\p{Cf}/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}

// Most texts match, and this check is fast. The Unicode properties take as long as the rest of a log
// line.
const PLAIN_LINE = /^[ -~]*$/
const PLAIN_LINES = /^[\n -~]*$/

// Written as escapes: an editor would not show the characters themselves.
const SEQUENCES = new RegExp(
  [
    // A title or a link, up to its end: BEL or ST.
    '(?:\\u001b[\\]PX^_]|[\\u009d\\u0090\\u0098\\u009e\\u009f])[^\\u0007\\u001b\\u009c]*(?:\\u0007|\\u001b\\\\|\\u009c)?',
    // Moving, erasing and colouring.
    '(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]',
    '\\u001b[ -/]*[0-~]',
  ].join('|'),
  'g',
)
