import { builtinModule } from './builtin-modules.ts'
import { othersStartedBefore } from './node/thread-ids.ts'
import { sharedState } from './shared-state.ts'

/** A thread that lastcall has started. */
export interface Thread {
  /** Whether the process has had other threads besides ours. They may still run. */
  hasOtherThreads(): boolean
  end(): void
}

const ourThreads = () =>
  sharedState('threads', () => ({ threads: new WeakSet<object>(), count: 0 }))

export function startThread(program: string, data: unknown): Thread | undefined {
  try {
    // In a cluster worker under Deno, every thread fails and prints an error to stderr.
    if ('deno' in process.versions && isClusterWorker()) return undefined
    const { Worker, isMainThread } = builtinModule('node:worker_threads')
    if (!isMainThread) return undefined
    // Without the preloaded modules and variables that the application gives its threads.
    const own = { eval: true, env: {}, execArgv: [], name: 'lastcall', workerData: data }
    const thread = new Worker(program, own)
    thread.on('error', () => {}).unref()
    const ours = ourThreads()
    ours.threads.add(thread)
    ours.count++
    let hasOthers = othersStartedBefore(thread, ours.count)
    const onWorker = (other: object) => {
      hasOthers ||= !ours.threads.has(other)
    }
    process.on('worker', onWorker)
    return {
      hasOtherThreads: () => hasOthers,
      end() {
        process.off('worker', onWorker)
        void thread.terminate()
      },
    }
  } catch {
    return undefined // Node's permission model may forbid threads, for one.
  }
}

export function isClusterWorker(): boolean {
  // The types only know the module's default export.
  return Boolean((builtinModule('node:cluster') as { isWorker?: boolean }).isWorker)
}
