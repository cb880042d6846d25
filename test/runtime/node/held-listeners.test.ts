import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Program } from '../../support/programs/program.ts'

const FILE = fileURLToPath(new URL('../../../src/runtime/node/held-listeners.ts', import.meta.url))

/** What a process says that holds the listeners to SIGUSR2, and sends itself that signal. */
async function held(lines: string): Promise<string> {
  const code = `
    import { holdListeners } from '${FILE}'
    import { setTimeout as sleep } from 'node:timers/promises'
    const ours = () => console.log('ours')
    const calls = []
    const hold = () => holdListeners(['SIGUSR2'], (one) => one === ours, (call) => calls.push(call))
    const listener = function named(...args) { console.log('called', args.join(), this === process) }
    const signal = async () => { process.kill(process.pid, 'SIGUSR2'); await sleep(20) }
    process.on('SIGUSR2', ours)
    ${lines}
  `
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', code]
  const { code: exitCode, stdout, stderr } = await new Program(node).ended
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return stdout
}

test('listeners that are there and those that are added later are held, in their order, and called with what Node gives', async () => {
  const stdout = await held(`
    process.on('SIGUSR2', listener)
    const undo = hold()
    const later = () => console.log('later')
    process.on('SIGUSR2', later)
    const first = () => console.log('first')
    process.prependListener('SIGUSR2', first)
    await signal()
    await signal()
    for (const { signal, listener, call } of calls) { console.log(signal, listener.name); call() }
  `)
  expect(stdout).toBe(
    'ours\nours\nSIGUSR2 first\nfirst\nSIGUSR2 named\ncalled SIGUSR2,12 true\nSIGUSR2 later\nlater\n',
  )
})

test('listeners() shows the functions themselves, off() finds them, and one that is gone is not called', async () => {
  const stdout = await held(`
    process.on('SIGUSR2', listener)
    const gone = () => console.log('gone')
    process.once('SIGUSR2', gone)
    hold()
    console.log(process.listeners('SIGUSR2').map((one) => one === ours || one === listener || one === gone).join())
    await signal()
    process.off('SIGUSR2', gone)
    for (const { call } of calls) call()
    process.off('SIGUSR2', listener)
    console.log(process.listenerCount('SIGUSR2'))
  `)
  expect(stdout).toBe('true,true,true\nours\ncalled SIGUSR2,12 true\n1\n')
})

test('what once() has added is called once, and is gone after that', async () => {
  const stdout = await held(`
    process.once('SIGUSR2', listener)
    hold()
    await signal()
    console.log(process.listenerCount('SIGUSR2'))
    calls[0].call()
    calls[0].call()
    console.log(process.listenerCount('SIGUSR2'))
  `)
  expect(stdout).toBe('ours\n2\ncalled SIGUSR2,12 true\n1\n')
})

test('undone, the listeners are those from before, in their order', async () => {
  const stdout = await held(`
    process.on('SIGUSR2', listener)
    process.once('SIGUSR2', listener)
    process.on('SIGUSR2', () => console.log('last'))
    const before = process.rawListeners('SIGUSR2')
    const newListeners = process.listenerCount('newListener')
    const undo = [hold(), hold()]
    undo[0]()
    await signal()
    undo[1]()
    console.log(calls.length, process.rawListeners('SIGUSR2').every((one, index) => one === before[index]))
    await signal()
    console.log(process.listenerCount('SIGUSR2'), process.listenerCount('newListener') - newListeners)
  `)
  const called = 'called SIGUSR2,12 true\n'
  expect(stdout).toBe(`ours\n2 true\nours\n${called}${called}last\n3 0\n`)
})
