import { PLATFORMS } from '../../platform/platforms.ts'
import type { Command } from './command.ts'
import { stopPid1 } from './docker.ts'
import { parseOptions, type StopOptions, type Stopped } from './options.ts'
import { type PreStop, parsePreStop } from './pre-stop.ts'
import { stopProgram } from './stop-program.ts'

/** What `stopLikeKubernetes()` takes besides. */
export interface KubernetesOptions extends StopOptions {
  /**
   * What the pod's preStop hook does, before SIGTERM and inside the grace: a command, which is run
   * beside the program with the same variables and in the same folder, or `{ sleep: '5s' }`. Default: there is none.
   */
  readonly preStop?: PreStop
}

/** What the kubelet always leaves between SIGTERM and SIGKILL. */
const LEAST = 2000

/**
 * Starts a program and stops it as the kubelet does the container of a pod: the preStop hook; SIGTERM
 * to the program alone; SIGKILL to everything 30 s after the beginning of the hook. At the end of the grace
 * a hook that still runs is no longer waited for. After SIGTERM there are always at least 2 s, as much
 * of the grace as is over: so a `grace` of less is 2 s, as it is there.
 *
 * What is said of the two forms of the command, of programs without a handler and of what the program
 * knows of the grace at `stopLikeDocker()` holds here, too.
 *
 * `elapsed` counts from the beginning of the hook. One that fails changes nothing, and stands in `notes`,
 * as does that the program had ended before the hook was over.
 *
 * The rules: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow
 * and, for the 2 s, `killContainer()` in `pkg/kubelet/kuberuntime/kuberuntime_container.go` of
 * https://github.com/kubernetes/kubernetes
 *
 * @example
 * const stopped = await stopLikeKubernetes(['node', 'server.js'], {
 *   ready: /listening/,
 *   preStop: { sleep: '5s' },
 * })
 *
 * @throws LastcallError `LASTCALL_INVALID_OPTION`; `LASTCALL_NOT_READY` where it can't be started, has
 * ended by itself, is not ready in time, or is given up by its `signal`
 */
export async function stopLikeKubernetes(
  command: Command,
  options: KubernetesOptions,
): Promise<Stopped> {
  const settings = parseOptions(options, PLATFORMS.kubernetes.grace, ['preStop'])
  const preStop = parsePreStop(options.preStop)
  return stopProgram(command, settings, {
    // What the kubelet gives every container of the cluster's own service.
    env: { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' },
    async stop(program, stopping) {
      const endHook = await preStop(program, stopping)
      if (program.hasEnded) {
        stopping.note('it had ended before SIGTERM, while the preStop hook ran')
      }
      const left = stopping.grace - stopping.passed()
      await stopPid1(program, stopping, Math.max(left, LEAST)).finally(endHook)
    },
  })
}
