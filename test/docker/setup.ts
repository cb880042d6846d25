import type { TestProject } from 'vitest/node'
import { type Engine, findEngine, NoEngine } from './engine.ts'
import { importImage } from './image.ts'

/** What the tests are told of the engine: where it is and what to start from; or why there is none. */
export type Provided = EngineInTests | { readonly refused: string }

export interface EngineInTests {
  readonly host: string | undefined
  readonly image: string
  readonly folder: string
  /** What is made without that image has to bear it. */
  readonly label: string
}

declare module 'vitest' {
  interface ProvidedContext {
    docker: Provided | undefined
  }
}

/** Finds or starts an engine, and makes the image that all others are built from. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  // Inherited by whatever is made of the image.
  const label = `lastcall.test=${process.pid}`
  let engine: Engine
  try {
    engine = await findEngine(label)
  } catch (error) {
    // Where nobody looks, tests that were skipped would pass for tests that passed.
    if (!(error instanceof NoEngine) || process.env.CI) throw error
    console.warn(`\nThe tests with containers are SKIPPED. ${error.message}\n`)
    provide('docker', { refused: error.message })
    return async () => {}
  }
  const { client, folder } = engine
  const image = `lastcall-test-${process.pid}`
  try {
    await importImage(engine, image, label)
  } catch (error) {
    await engine.stop()
    throw error
  }
  provide('docker', { host: client.host, image, folder, label })
  return () => engine.stop()
}
