import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Diagnosis } from 'lastcall'
import { describe, expect, onTestFinished, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
const [program = '', ...flags] = UNSHARE
const trial = spawnSync(program, [...flags, 'true'], { encoding: 'utf8' })
const refused = trial.error?.message ?? (trial.status === 0 ? undefined : trial.stderr.trim())
const skipped = refused ? ` (skipped: ${refused})` : ''

/** The diagnosis of a real process that runs these lines first, and is started by this command. */
function diagnosisOf(
  before: string,
  commandOf: (script: string, directory: string) => readonly string[],
): Diagnosis {
  const directory = mkdtempSync(join(tmpdir(), 'lastcall-diagnose-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const script = join(directory, 'app.mjs')
  const code = `
    import { createShutdown, diagnose } from '${ROOT}dist/index.js'
    import { createRequire } from 'node:module'
    import { writeFileSync } from 'node:fs'
    const require = createRequire('${ROOT}')
    ${before}
    writeFileSync('${directory}/diagnosis.json', JSON.stringify(diagnose()))
    process.exit(0)
  `
  writeFileSync(script, code)
  const start = `${process.execPath} ${script}`
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ scripts: { start } }))
  const [command = '', ...args] = commandOf(script, directory)
  const { stderr } = spawnSync(command, args, { cwd: directory, encoding: 'utf8' })
  const read = spawnSync('cat', [join(directory, 'diagnosis.json')], { encoding: 'utf8' })
  if (read.status !== 0) throw new Error(`It wrote nothing: ${stderr}`)
  return JSON.parse(read.stdout)
}

const LISTENING = 'createShutdown().listen()'
const ids = ({ findings }: Diagnosis) => findings.map(({ id, severity }) => `${severity} ${id}`)

describe.skipIf(refused)(`with a PID 1 of its own${skipped}`, () => {
  test('a process that is PID 1 itself is sound', () => {
    const diagnosis = diagnosisOf(LISTENING, (script) => [...UNSHARE, process.execPath, script])
    expect(diagnosis).toMatchObject({ pid: 1, hasProc: true, pid1: { kind: 'self' }, parents: [] })
    expect(ids(diagnosis)).toEqual([])
  })

  test('a shell as PID 1 is found, with the signals that it ignores', () => {
    const diagnosis = diagnosisOf(LISTENING, (script) => [
      ...[...UNSHARE, 'sh', '-c'],
      `trap '' TERM; ${process.execPath} ${script}; true`,
    ])
    expect(diagnosis.pid1).toMatchObject({
      pid: 1,
      kind: 'shell',
      name: 'sh',
      ignored: ['SIGTERM'],
    })
    expect(ids(diagnosis)).toEqual(['error shell-in-front'])
    // Node resets the signals that it has inherited ignored.
    expect(diagnosis.signals?.ignored).not.toContain('SIGTERM')
    expect(diagnosis.signals?.caught).toEqual(expect.arrayContaining(['SIGTERM', 'SIGINT']))
  })

  test('no secret of a command line or an environment is in it', () => {
    const password = 'hunter2'
    const before = `${LISTENING}
      import { formatDiagnosis } from '${ROOT}dist/index.js'
      if (formatDiagnosis(diagnose()).includes('${password}')) throw new Error('It is in the text')`
    const diagnosis = diagnosisOf(before, (script) => [
      ...[...UNSHARE, 'sh', '-c'],
      `DB_PASSWORD=${password} ${process.execPath} ${script} --password=${password}; true`,
    ])
    expect(diagnosis.pid1).toMatchObject({ name: 'sh', command: 'sh' })
    expect(JSON.stringify(diagnosis)).not.toContain(password)
  })

  test('npm as PID 1 is found, with the shell under it', () => {
    const diagnosis = diagnosisOf(LISTENING, () => [...UNSHARE, 'npm', 'start'])
    expect(diagnosis.parents.map(({ command, pid }) => [command, pid === 1])).toEqual([
      ['sh', false],
      ['npm start', true],
    ])
    expect(ids(diagnosis)).toEqual(['error npm-in-front'])
  })

  test('under lastcall run it is sound', () => {
    const run = [process.execPath, `${ROOT}dist/cli/cli.cjs`, 'run', '--']
    const diagnosis = diagnosisOf(LISTENING, (script) => [
      ...[...UNSHARE, ...run],
      ...[process.execPath, script],
    ])
    expect(diagnosis.pid1).toMatchObject({ kind: 'init', name: 'lastcall' })
    expect(ids(diagnosis)).toEqual([])
  })

  test('PID 1 without a listener: the kernel ignores the signal', () => {
    const { findings } = diagnosisOf('', (script) => [...UNSHARE, process.execPath, script])
    expect(findings.map(({ id, says }) => [id, says.includes('the kernel ignores it')])).toEqual([
      ['nobody-listens', true],
      ['nobody-listens', true],
    ])
  })

  test('other listeners are distinguished from those of lastcall, in both module systems', () => {
    const before = `
      ${LISTENING}
      require('${ROOT}dist/index.cjs').createShutdown().listen()
      require('signal-exit').onExit(() => {})
      process.once('SIGTERM', function leave() { process.exit(0) })
    `
    const diagnosis = diagnosisOf(before, (script) => [...UNSHARE, process.execPath, script])
    expect(diagnosis.listeners).toEqual([
      {
        signal: 'SIGTERM',
        ours: 2,
        others: [
          { name: 'signal-exit', exits: false },
          { name: 'leave', exits: true },
        ],
      },
      { signal: 'SIGINT', ours: 2, others: [{ name: 'signal-exit', exits: false }] },
    ])
    expect(ids(diagnosis)).toEqual(['warning listener-exits'])
  })
})
