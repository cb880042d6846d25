import { writeFileSync } from 'node:fs'
import { formatReport } from '../../picture/timeline.ts'
import { standardOutputs, terminalOf } from '../../runtime/outputs.ts'
import type { OptionsOf } from '../commands.ts'
import { usageError } from '../failure.ts'
import { pageOf } from './html.ts'
import { readReport } from './report-file.ts'
import { imageOf } from './svg.ts'

/** Draws a report from a file: on the terminal, or as a page or an image in one file. */
export async function timeline(source: string, { out }: OptionsOf<'timeline'>): Promise<void> {
  const draw = out === undefined ? undefined : drawingFor(out)
  const report = await readReport(source)
  // Unlike `process.stdout`, this ignores a closed pipe, as after `| head`.
  const [stdout] = standardOutputs()
  if (out === undefined || !draw) {
    const { columns: width, colors } = terminalOf('stdout')
    stdout.write(`${formatReport(report, { width, colors })}\n`)
    return
  }
  try {
    writeFileSync(out, draw(report))
  } catch (error) {
    throw usageError(`${out} can't be written: ${reasonOf(error)}`)
  }
  stdout.write(`${out}\n`)
}

function drawingFor(out: string) {
  if (/\.html?$/i.test(out)) return pageOf
  if (/\.svg$/i.test(out)) return imageOf
  throw usageError(`--out ${out} is neither .html nor .svg: the name says what is drawn`)
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const known: Record<string, string> = {
    ENOENT: 'there is no such folder',
    ENOTDIR: 'a part of its path is no folder',
    EISDIR: 'it is a folder',
    EACCES: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOSPC: 'no space left',
  }
  return known[code ?? ''] ?? message
}
