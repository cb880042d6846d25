import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT } from './markdown.ts'

/** Words that have to be read twice, or that only this project used, with what says the same. */
const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/\b(is|are|was|were|be|been) told\b|\btell(s|ing)? (the )?clients\b/i, 'notified'],
  [/\bwhoever\b|\bwhomever\b|\bsome(body|one)\b|\bnobody\b/i, 'the one who does it, by name'],
  [/\bof (its|their|his|her|your) own\b/i, 'its own …, separate, another'],
  [/\b(is|are|was|were) to be had\b|\bhas to be had\b/i, 'there is'],
  [/\bthat there (is|are) not\b/i, 'that does not exist'],
  [/\bat hand\b/i, 'installed, known'],
  [/\bfarewells?\b/i, 'drain context'],
  [/\bmortals?\b/i, 'stoppable'],
  [/\b(judges?|guilty|acquit\w*)\b/i, 'check, late, clear'],
]

/** Names of codes and of files, which stay. */
const NAMES = /nobody-listens/g

const files = execFileSync('git', ['ls-files', '*.md', 'src'], { cwd: ROOT, encoding: 'utf8' })
  .trimEnd()
  .split('\n')

test.each(REPLACED)('no document and no source says %s', (pattern, better) => {
  const found = files.flatMap((file) =>
    readFileSync(`${ROOT}${file}`, 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line.replaceAll(NAMES, '')) ? [`${file}:${index + 1} ${line.trim()}`] : [],
      ),
  )
  expect(found, `Say: ${better}.`).toEqual([])
})
