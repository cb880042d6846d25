import { PLATFORMS } from '../../platform/platforms.ts'
import type { Command } from './command.ts'
import { stopPid1 } from './docker.ts'
import { parseOptions, type StopOptions, type Stopped } from './options.ts'
import { type PreStop, parsePreStop } from './pre-stop.ts'
import { stopProgram } from './stop-program.ts'

/** The options of `stopLikeKubernetes()`. */
export interface KubernetesOptions extends StopOptions {
  /**
   * The pod's preStop hook, which runs before SIGTERM and inside the grace: a command, run beside the program
   * with the same variables and in the same folder, or `{ sleep: '5s' }`. Default: none.
   */
  readonly preStop?: PreStop | undefined
}

/** The least time from SIGTERM to SIGKILL, in milliseconds. */
const LEAST = 2000

/**
 * Starts a program and stops it as the kubelet stops the container of a pod: it runs the preStop hook,
 * sends SIGTERM to the program alone, and sends SIGKILL to everything 30 s after the hook began. The hook
 * is not waited for beyond the grace. SIGKILL comes at least 2 s after SIGTERM, however little of the
 * grace is left: a shorter `grace` counts as 2 s.
 *
 * The two forms of the command, programs without a handler, and what the program knows of the grace: as
 * with `stopLikeDocker()`.
 *
 * `elapsed` counts from the beginning of the hook. A failed hook changes nothing. `notes` say that it
 * failed, or that the program ended before the hook was over.
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
 * @throws LastcallError as `stopLikeDocker()`
 */
export async function stopLikeKubernetes(
  command: Command,
  options: KubernetesOptions,
): Promise<Stopped> {
  const settings = parseOptions(options, PLATFORMS.kubernetes.grace, ['preStop'])
  // The kubelet gives these to every container, for the API server of the cluster.
  const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' }
  const preStop = parsePreStop(options.preStop, settings, env)
  return stopProgram(command, settings, {
    env,
    async stop(program, stopping) {
      const endHook = await preStop(program, stopping)
      if (program.hasEnded) {
        stopping.note('it had ended before SIGTERM, while the preStop hook ran')
      }
      const left = stopping.grace - stopping.passed()
      // A command of the hook may have stopped the program, and it ends somewhat later.
      const isByHook = typeof options.preStop === 'string' || Array.isArray(options.preStop)
      const here = isByHook ? { ...stopping, exitIsItsOwn() {} } : stopping
      await stopPid1(program, here, Math.max(left, LEAST)).finally(endHook)
    },
  })
}
