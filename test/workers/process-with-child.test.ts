import { describe, expect, test } from 'vitest'
import { isAlive } from '../support/programs/child.ts'
import { Script } from '../support/programs/script.ts'
import { parentScript } from '../support/programs/workers-script.ts'

/** The lines that were said once all of them were ready. */
function saidBy({ stdout }: { stdout: string }): string[] {
  const lines = stdout.split('\n').slice(0, -1)
  return lines.slice(lines.indexOf('ready') + 1)
}

describe('a process with a child', () => {
  test('stops it after the drain and before the flush, and exits with 0', async () => {
    const script = await parentScript(`
      const child = await nodeChild(\`process.on('SIGTERM', () => { say('notified'); process.exit() })\`)
      child.on('exit', () => say('child has ended'))
      shutdown.add(childProcess(child, { name: 'worker' }))
      shutdown.add({ name: 'events', phase: 'flush', run: () => say('flushed') })
      shutdown.add({ name: 'http', phase: 'drain', run: () => say('drained') })`)
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(saidBy(ended)).toEqual(['drained', 'child: notified', 'child has ended', 'flushed'])
  })

  test('notifies it once, however often it is signalled itself', async () => {
    const script = await parentScript(`
      const child = await nodeChild(\`process.on('SIGTERM', () => { say('notified'); setTimeout(process.exit, 300, 0) })\`)
      shutdown.add(childProcess(child))
      shutdown.on('repeat', () => say('repeat'))`)
    await script.send('SIGTERM').says('child: notified')
    await script.send('SIGTERM').says('repeat')
    expect(await script.send('SIGTERM').ended).toMatchObject({ code: 0 })
    expect(script.stdout.match(/child: notified/g)).toHaveLength(1)
  })

  test('that ends badly exits with 1, and says which and how', async () => {
    const script = await parentScript(`
      const child = await nodeChild(\`process.on('SIGTERM', () => process.exit(3))\`)
      shutdown.add(childProcess(child, { name: 'worker' }))`)
    const ended = await script.send('SIGTERM').ended
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(
      /^lastcall: hook 'worker' \(stop\) failed: LastcallError: child 'worker' \(pid \d+\) ended with exit code 3\nlastcall: shutdown failed in .*: 0 hooks done, 1 failed\nlastcall: exiting with code 1 \(hook 'worker' failed\)\n$/,
    )
  })

  test('that ends with a code that is fine for it exits with 0', async () => {
    const script = await parentScript(`
      const child = await nodeChild(\`process.on('SIGTERM', () => process.exit(3))\`)
      shutdown.add(childProcess(child, { exitCodes: [0, 3] }))`)
    expect(await script.send('SIGTERM').ended).toMatchObject({ code: 0, stderr: '' })
  })

  test('that ignores its signal kills it, exits with 124 and leaves no process behind', async () => {
    const script = await parentScript(`
      const child = await nodeChild(\`process.on('SIGTERM', () => {})\`)
      say('pid ' + child.pid)
      shutdown.add(childProcess(child, { name: 'deaf', stopWait: '300ms' }))
      shutdown.add({ name: 'pool', phase: 'close', run: () => say('closed') })`)
    const ended = await script.send('SIGTERM').ended
    expect(ended.code).toBe(124)
    expect(ended.stdout).toContain('closed')
    expect(ended.stderr).toMatch(
      /^lastcall: hook 'deaf' \(stop\) was cut off after 300 ms\n {2}killed: child 'deaf' \(pid \d+\), [\d.]+ m?s after SIGTERM\n {2}the event loop is kept going by .*\b1 ProcessWrap\b.*\nlastcall: shutdown cut off after .*: 1 hook done, 1 cut off\nlastcall: exiting with code 124 \(hook 'deaf' was cut off\)\n$/,
    )
    expect(isAlive(Number(/^pid (\d+)$/m.exec(ended.stdout)?.[1]))).toBe(false)
  })

  test('kills it by the end of the budget where it gives it no time of its own', async () => {
    const script = await parentScript(
      `const child = await nodeChild(\`process.on('SIGTERM', () => {})\`)
       shutdown.add(childProcess(child, { name: 'deaf' }))`,
      // A margin in which it can leave on a busy machine, too: past it the watchdog ends it.
      { shutdown: `{ grace: '1.5s', margin: '1s' }` },
    )
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 124, signal: null })
    expect(ended.stderr).toContain("killed: child 'deaf'")
  })

  test('stops it as well when a fault has ended it, and exits with 1', async () => {
    const script = await parentScript(
      `
      const child = await nodeChild(\`process.on('SIGTERM', () => { say('notified'); process.exit() })\`)
      shutdown.add(childProcess(child))
      process.stdin.once('data', () => { throw new Error('boom') })`,
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    )
    script.child.stdin?.end('now')
    const ended = await script.ended
    expect(ended.code).toBe(1)
    expect(saidBy(ended)).toEqual(['child: notified'])
  })

  test('goes on when the child has never started, and that was heard', async () => {
    const script = await parentScript(`
      const child = spawn('no-such-program')
      child.on('error', ({ code }) => say(code))
      shutdown.add(childProcess(child, { stopWait: '5s' }))
      await once(child, 'error')`)
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain('ENOENT')
  })

  test.runIf(process.getuid?.() === 0)(
    'that it may not signal says so, and exits with 1',
    async () => {
      // A parent that has given up its rights, and a child that has kept them.
      const script = await parentScript(`
        const child = await nodeChild('process.stdin.on("end", () => process.exit()).resume()', { stdin: 'pipe' })
        process.setgid(65534)
        process.setuid(65534)
        shutdown.add(childProcess(child, { name: 'root' }))`)
      const ended = await script.send('SIGTERM').ended
      expect(ended.code).toBe(1)
      expect(ended.stderr).toMatch(/^lastcall: hook 'root' \(stop\) failed: Error: kill EPERM/)
    },
  )
})

describe('a parent and a child that both have a shutdown', () => {
  const CHILD = `
    const { createShutdown } = require('lastcall')
    const shutdown = createShutdown({ log: { format: 'text', level: 'warn' } })
    shutdown.add({ name: 'work', phase: 'drain', run: ({ reason }) => say(reason.kind) })
    shutdown.listen()`

  test.each([
    ['by a signal', '{}', 'signal'],
    ['by the message that it listens to', `{ stopMessage: 'shutdown' }`, 'message'],
  ])('end one after the other, %s', async (_, options, kind) => {
    const script = await parentScript(`
      const child = await nodeChild(${JSON.stringify(CHILD)}, { ipc: true })
      shutdown.add(childProcess(child, ${options}))
      shutdown.on('end', ({ report }) => say(report.outcome + ' ' + child.exitCode))`)
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(saidBy(ended)).toEqual([`child: ${kind}`, 'clean 0'])
  })
})

describe('a process with work in flight', () => {
  test('leaves when it is done, and refuses what comes after', async () => {
    const script = await parentScript(`
      const jobs = taskTracker()
      shutdown.add(jobs)
      void jobs.run(() => sleep(300).then(() => say('done')))
      shutdown.add({ name: 'late', phase: 'flush', run: () => jobs.run(() => {}).catch((error) => say(error.code)) })`)
    const ended = await script.send('SIGTERM').ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(saidBy(ended)).toEqual(['done', 'LASTCALL_TASK_REFUSED'])
  })

  test('that never ends exits with 124, and names it', async () => {
    const script = await parentScript(`
      const jobs = taskTracker({ timeout: '300ms' })
      shutdown.add(jobs)
      void jobs.run(() => new Promise(() => {}), { name: 'mail 7' })`)
    const ended = await script.send('SIGTERM').ended
    expect(ended.code).toBe(124)
    expect(ended.stderr).toMatch(
      /^lastcall: hook 'tasks' \(stop\) was cut off after 300 ms\n {2}cut off: mail 7, [\d.]+ m?s old\n {2}the event loop is kept going by .*\bTimeout\b.*\nlastcall: shutdown cut off after .*: 0 hooks done, 1 cut off\nlastcall: exiting with code 124 \(hook 'tasks' was cut off\)\n$/,
    )
  })

  test('whose refusal is not handled has had a fault, and exits with 1', async () => {
    const script = await parentScript(`
      const jobs = taskTracker({ name: 'mails' })
      shutdown.add(jobs)
      shutdown.add({ name: 'late', phase: 'flush', run: async () => { void jobs.run(() => {}); await sleep(50) } })`)
    const ended = await script.send('SIGTERM').ended
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(
      /unhandledRejection: LastcallError: The tracker 'mails' takes no more work/,
    )
  })
})

test('in CommonJS it works the same', async () => {
  const code = `
    const { spawn } = require('node:child_process')
    const { createShutdown } = require('lastcall')
    const { childProcess, taskTracker } = require('lastcall/workers')
    const shutdown = createShutdown({ log: { format: 'text', level: 'warn' } })
    const child = spawn('sleep', ['600'])
    shutdown.add(childProcess(child))
    shutdown.add(taskTracker())
    shutdown.listen()
    child.on('exit', (_, signal) => console.log(signal))
    console.log('ready')
  `
  const script = await new Script(code, { type: 'commonjs' }).says('ready')
  expect(await script.send('SIGTERM').ended).toMatchObject({ code: 0, stdout: 'ready\nSIGTERM\n' })
})
