import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { Program } from './program.ts'

/** Runs an example, as a reader would; it is gone when the test is over. */
export function runExample(file: string, env: NodeJS.ProcessEnv = {}): Program {
  const path = fileURLToPath(new URL(`../../../examples/${file}`, import.meta.url))
  const program = new Program([process.execPath, '--import', 'tsx', path], {
    env: { ...process.env, PORT: '0', NODE_ENV: 'production', ...env },
  })
  onTestFinished(() => void program.send('SIGKILL'))
  return program
}

/** Where it says that it listens. */
export async function urlOf(program: Program): Promise<string> {
  const [, url = ''] = await program.told(/^listening on (http:\S+)$/m)
  return url
}
