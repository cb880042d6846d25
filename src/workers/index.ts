export type { ChildProcessLike } from './child.ts'
export { type ChildProcessOptions, childProcess } from './child-process.ts'
export {
  type ClusterWorkers,
  type ClusterWorkersOptions,
  clusterWorkers,
} from './cluster/cluster-workers.ts'
export type { ClusterLike, ClusterWorkerLike } from './cluster/workers.ts'
export type { BackoffOptions } from './supervise/backoff.ts'
export type { ProgramOptions } from './supervise/program.ts'
export type { ProcessState, StateChange } from './supervise/states.ts'
export {
  type ProcessStatus,
  type SuperviseOptions,
  type Supervisor,
  supervise,
} from './supervise/supervise.ts'
export {
  type TaskContext,
  type TaskOptions,
  type TaskTracker,
  type TaskTrackerOptions,
  taskTracker,
} from './task-tracker.ts'
export { type WorkerLike, type WorkerThreadOptions, workerThread } from './worker-thread.ts'
