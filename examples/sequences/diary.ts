import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a shop has written down of itself, with the times of its own clock. */
export interface Entry {
  readonly at: number
  readonly type: 'listening' | 'start' | 'deaf' | 'hook' | 'exit'
  readonly pid: number
  readonly instance: string | null
  readonly port?: number
  readonly signal?: string
  readonly grace?: number
  readonly name?: string
  readonly status?: string
  readonly notes?: readonly string[]
  readonly code?: number
}

/** The file that the shops of a run write to. */
export class Diary {
  readonly folder = mkdtempSync(join(tmpdir(), 'lastcall-sequences-'))
  readonly file = join(this.folder, 'events')

  entries(): Entry[] {
    if (!existsSync(this.file)) return []
    const lines = readFileSync(this.file, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as Entry)
  }

  find(type: Entry['type'], isIt: (entry: Entry) => boolean = () => true): Entry | undefined {
    return this.entries().find((entry) => entry.type === type && isIt(entry))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
