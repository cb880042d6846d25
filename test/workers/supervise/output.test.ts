import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  folder,
  isAlive,
  onSignal,
  type Sink,
  Supervised,
  sh,
} from '../../support/programs/programs.ts'

/** What a program writes and then ends, with its name taken from before each line. */
async function output(script: string): Promise<Sink> {
  const world = new Supervised([sh(script, { startRetries: 0 })]).start()
  await world.reaches('FATAL')
  return world.stdout
}

/** A program that writes these bytes in pieces, each when the one before has been read. */
async function inPieces(pieces: readonly Buffer[]): Promise<string> {
  const path = folder()
  pieces.forEach((piece, index) => {
    writeFileSync(join(path, `${index}`), piece)
  })
  // Each goes with a line on stderr after it; the next waits for a file that the test then makes.
  const script = `cd ${path}; for i in ${pieces.map((_, index) => index).join(' ')}; do
    cat $i; echo wrote $i >&2; while [ ! -e go$i ]; do :; done; done`
  const world = new Supervised([sh(script, { startRetries: 0 })]).start()
  for (const index of pieces.keys()) {
    await world.stderr.says(`wrote ${index}\n`)
    writeFileSync(join(path, `go${index}`), '')
  }
  await world.reaches('FATAL')
  return world.stdout.text
}

describe('what a program writes', () => {
  test('is passed on line by line, with its name before each, stdout and stderr apart', async () => {
    const script = 'echo one; echo two; echo oops >&2; echo three'
    const world = new Supervised([sh(script, { startRetries: 0 })]).start()
    await world.reaches('FATAL')
    expect(world.stdout.text).toBe('web | one\nweb | two\nweb | three\n')
    expect(world.stderr.text).toBe('web | oops\n')
  })

  test('stands in one column where names are of different lengths', async () => {
    const options = { startRetries: 0 }
    const world = new Supervised([
      sh('echo $LASTCALL_INSTANCE', { name: 'web', instances: 11, ...options }),
      sh('echo x', { name: 'a', ...options }),
    ]).start()
    for (const { name } of world.programs.processes) await world.reaches('FATAL', { name })
    expect(world.stdout.lines.sort()).toEqual(
      [
        'a      | x',
        ...Array.from({ length: 11 }, (_, i) => `${`web:${i}`.padEnd(6)} | ${i}`),
      ].sort(),
    )
  })

  test.each([
    ['a last line without its end', `printf 'one\\ntwo'`, 'web | one\nweb | two\n'],
    ['nothing but such a line', `printf one`, 'web | one\n'],
    ['empty lines', `printf '\\n\\na\\n\\n'`, 'web | \nweb | \nweb | a\nweb | \n'],
    ['nothing', `:`, ''],
    ['carriage returns', `printf 'a\\r\\nb\\rc\\n'`, 'web | a\r\nweb | b\rc\n'],
  ])('is passed on whole: %s', async (_, script, expected) => {
    expect((await output(script)).text).toBe(expected)
  })

  test('is put together where lines and characters are split over pieces', async () => {
    const text = Buffer.from('grüße 🎉 日本\nnächste\n')
    const pieces = Array.from(text, (_, index) => text.subarray(index, index + 1))
    expect(await inPieces(pieces)).toBe('web | grüße 🎉 日本\nweb | nächste\n')
  })

  test('is passed on byte for byte where it is no text', async () => {
    const path = join(folder(), 'bytes')
    const bytes = Buffer.from(
      Array.from({ length: 256 }, (_, byte) => byte).filter((b) => b !== 10),
    )
    writeFileSync(path, Buffer.concat([bytes, bytes]))
    const sink = await output(`cat ${path}`)
    expect(
      sink.bytes.equals(Buffer.concat([Buffer.from('web | '), bytes, bytes, Buffer.from('\n')])),
    ).toBe(true)
  })

  test('is complete where one line is a mebibyte long, though it comes in pieces', async () => {
    const sink = await output(`head -c 1048576 /dev/zero | tr '\\0' x; echo; echo next`)
    const { lines } = sink
    expect(lines.pop()).toBe('web | next')
    expect(lines.every((line) => line.startsWith('web | '))).toBe(true)
    expect(lines.map((line) => line.slice(6)).join('')).toBe('x'.repeat(1_048_576))
  })

  test('is never mixed with the lines of others, however long these are', async () => {
    const names = ['a', 'b', 'c']
    const world = new Supervised(
      names.map((name) =>
        sh(
          `i=0; while [ $i -lt 300 ]; do printf '%s' ${name.repeat(1500)}; echo ${name.repeat(1500)}; i=$((i+1)); done`,
          { name, startRetries: 0 },
        ),
      ),
    ).start()
    for (const name of names) await world.reaches('FATAL', { name })
    const { lines } = world.stdout
    for (const name of names) {
      const own = lines.filter((line) => line === `${name} | ${name.repeat(3000)}`)
      expect(own).toHaveLength(300)
    }
    expect(lines).toHaveLength(900)
  })

  test('loses nothing and keeps its order where it is a million short lines', async () => {
    const script = 'seq 1 500000 & seq 1 500000 >&2; wait'
    const world = new Supervised([sh(script, { startRetries: 0 })]).start()
    await world.reaches('FATAL')
    const all = Array.from({ length: 500_000 }, (_, index) => `web | ${index + 1}\n`).join('')
    expect(world.stdout.text === all).toBe(true)
    expect(world.stderr.text === all).toBe(true)
  })
})

describe('last words', () => {
  test.each([
    ['a line', 'echo bye; exit 0', 'web | bye'],
    ['a line without its end', 'printf bye; exit 0', 'web | bye'],
    ['many lines', 'seq 1 20000; exit 0', 'web | 20000'],
  ])('of %s are passed on before the program is STOPPED', async (_, action, expected) => {
    const world = new Supervised([onSignal('TERM', action)])
    let known: string | undefined
    world.programs.on('state', ({ to }) => {
      if (to === 'STOPPED') known = world.stdout.lines.at(-1)
    })
    world.start()
    await world.stdout.says('ready')
    await world.stop().over
    expect(known).toBe(expected)
  })

  test('on stderr are passed on before EXITED is reported, and are in that event', async () => {
    const world = new Supervised([sh('printf oops >&2; exit 1', { startFor: 0 })])
    let known: string | undefined
    world.programs.on('state', ({ to }) => {
      if (to === 'EXITED') known = world.stderr.text
    })
    world.start()
    expect(await world.reaches('EXITED')).toMatchObject({ stderr: ['oops'] })
    expect(known).toBe('web | oops\n')
  })
})

describe('an end of the output that is not the end of the program', () => {
  test('does not end it: it may close stdout early', async () => {
    const world = new Supervised([
      sh(`echo one; exec >&-; echo two >&2; trap 'kill -KILL $!; echo bye >&2; exit 0' TERM
          sleep 1000 & echo ready >&2; wait`),
    ]).start()
    await world.stderr.says('ready')
    await world.clock.advance(1000)
    expect(world.states()).toEqual(['STARTING', 'RUNNING'])
    await world.stop().over
    expect(world.stdout.text).toBe('web | one\n')
    expect(world.stderr.lines).toEqual(['web | two', 'web | ready', 'web | bye'])
  })

  test('may close both, and is RUNNING all the same', async () => {
    const world = new Supervised([sh('echo one; exec >&- 2>&-; exec sleep 1000')]).start()
    await world.stdout.says('one')
    await world.clock.advance(1000)
    expect(world.states()).toEqual(['STARTING', 'RUNNING'])
    await world.stop().over
    expect(world.states().at(-1)).toBe('STOPPED')
  })

  test('does not hold the end up where a grandchild in a session of its own keeps it open', async () => {
    const script = `setsid sh -c 'echo $$ >&2; exec sleep 600' & read line < /dev/null; exec sleep 600`
    const world = new Supervised([sh(script, { startFor: 0, restart: 'never' })]).start()
    await world.stderr.says('\n')
    process.kill(world.pid(), 'SIGTERM')
    await world.reaches('EXITED')
    const grandchild = Number(/\d+/.exec(world.stderr.text.slice(6))?.[0])
    expect(isAlive(grandchild)).toBe(true)
    process.kill(grandchild, 'SIGKILL')
  })
})

test('a program finds nothing on its stdin', async () => {
  const world = new Supervised([sh('cat; echo over', { startRetries: 0 })]).start()
  await world.reaches('FATAL')
  expect(world.stdout.text).toBe('web | over\n')
  expect(readFileSync('/dev/null', 'utf8')).toBe('')
})
