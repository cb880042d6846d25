import { expect } from 'vitest'
import { shutdownScript } from '../support/programs/script.ts'
import { describeContainers, test } from './docker.ts'

/** A child that takes 300 ms to end, and says so last. */
const CHILD = `
  process.on('SIGTERM', () => setTimeout(() => {
    console.log('child: all done')
    process.exit(0)
  }, 300))
  setInterval(() => {}, 1000)
  console.log('child: ready')
`

const SPAWN = `const child = spawn('node', ['child.js'], { stdio: 'inherit' })`

describeContainers('a container whose PID 1 has a child', () => {
  test('a parent that exits on SIGTERM takes its child with it, in the middle of its work', async ({
    image,
  }) => {
    const parent = `
      import { spawn } from 'node:child_process'
      ${SPAWN}
      process.on('SIGTERM', () => process.exit())
    `
    const container = await image.run({ files: { 'app.js': parent, 'child.js': CHILD } })
    await container.says('child: ready')
    const { code, stdout } = await container.stop()
    expect(stdout).toBe('child: ready\n')
    expect(code).toBe(0)
  })

  test('childProcess() has it end by itself: its last line is written, and the code is 0', async ({
    image,
  }) => {
    const parent = `
      import { spawn } from 'node:child_process'
      import { childProcess } from 'lastcall/workers'
      ${shutdownScript(`
        ${SPAWN}
        shutdown.add(childProcess(child, { name: 'child' }))
        shutdown.add({ name: 'pool', phase: 'close', run: () => say('pool closed') })
      `)}
    `
    const container = await image.run({ files: { 'app.js': parent, 'child.js': CHILD } })
    await container.says('child: ready')
    const { code, stdout } = await container.stop()
    expect(stdout).toBe('ready\nchild: ready\nchild: all done\npool closed\n')
    expect(code).toBe(0)
  })
})
