import { createTwoFilesPatch } from 'diff'
import { applyEdits, type Edit, type SourceFile } from './parse/source.ts'

/** The unified diff for some edits, and for a file that the fix adds. */
export function diffOf(
  file: SourceFile,
  edits: readonly Edit[],
  added?: { readonly path: string; readonly text: string },
): string {
  const after = applyEdits(file.text, edits)
  const changed =
    after === file.text
      ? ''
      : patch(file.path, file.byteOrderMark + file.text, file.byteOrderMark + after)
  return added === undefined ? changed : changed + patch(added.path, undefined, added.text)
}

function patch(path: string, before: string | undefined, after: string): string {
  const from = before === undefined ? '/dev/null' : `a/${path}`
  const text = createTwoFilesPatch(from, `b/${path}`, before ?? '', after, '', '', { context: 2 })
  // The library starts with a line of `=`, and writes a tab where a date would follow.
  return text.replace(/^=+\n/, '').replace(/^(--- .*|\+\+\+ .*?)\t$/gm, '$1')
}
