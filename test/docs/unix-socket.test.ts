import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { blocksOf, readDocument } from './markdown.ts'
import { type Program, startProgram } from './programs.ts'

const PATH = '/run/orders/http.sock'
const block = blocksOf(readDocument('docs/how-to/rolling-restarts.md')).find(({ code }) =>
  code.includes(PATH),
)

/** What is answered at a path, or the code of the error. */
function ask(socketPath: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ socketPath, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve(body))
    })
    request.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
  })
}

test('instances that take over a Unix socket as the how-to says are reachable all the time', async () => {
  if (!block) throw new Error('The how-to has no program for a Unix socket')
  const folder = mkdtempSync(join(tmpdir(), 'lastcall-unix-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'http.sock')
  const start = async (): Promise<Program> => {
    const program = await startProgram(
      { ...block, code: block.code.replace(PATH, path) },
      "server.on('listening', () => console.log('renamed'))",
    )
    await program.script.says('renamed')
    return program
  }

  const answers = new Set<string>()
  let isOver = false
  const first = await start()
  const asking = (async () => {
    while (!isOver) answers.add(await ask(path))
  })()
  const pids = [first.script.pid]
  let old = first
  for (let count = 0; count < 2; count++) {
    const next = await start()
    pids.push(next.script.pid)
    expect(await ask(path)).toBe(`from ${next.script.pid}`)
    const { code } = await old.script.send('SIGTERM').ended
    expect(code).toBe(0)
    expect(await ask(path)).toBe(`from ${next.script.pid}`)
    old = next
  }
  isOver = true
  await asking
  expect(readdirSync(folder)).toEqual(['http.sock'])
  await old.script.send('SIGTERM').ended

  const expected = pids.map((pid) => `from ${pid}`)
  expect(answers).toContain(expected[0])
  expect([...answers].filter((answer) => !expected.includes(answer))).toEqual([])
  expect(await ask(path)).toBe('ECONNREFUSED')
})
