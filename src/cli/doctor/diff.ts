import { createTwoFilesPatch } from 'diff'
import { applyEdits, type Edit, type SourceFile } from './parse/source.ts'

/** The unified diff of some edits, and of a file that is added with them. */
export function diffOf(
  file: SourceFile,
  edits: readonly Edit[],
  added?: { readonly path: string; readonly text: string },
): string {
  const after = applyEdits(file.text, edits)
  const changed =
    after === file.text ? '' : patch(file.path, file.mark + file.text, file.mark + after)
  return added === undefined ? changed : changed + patch(added.path, undefined, added.text)
}

function patch(path: string, before: string | undefined, after: string): string {
  const from = before === undefined ? '/dev/null' : `a/${path}`
  const text = createTwoFilesPatch(from, `b/${path}`, before ?? '', after, '', '', { context: 2 })
  // The library begins with a line of its own, and leaves a tab for a date.
  return text.replace(/^=+\n/, '').replace(/^(--- .*|\+\+\+ .*?)\t$/gm, '$1')
}
