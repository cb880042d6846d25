import { isProgram } from '../../../../platform/programs.ts'
import type { ExamineContext } from '../../examine-context.ts'
import { baseOf } from '../../launch/shell.ts'
import { at, type Data, jsonList, offsetOfKey, setKey, textList } from '../../parse/data.ts'

/** How long a container's preStop takes, in milliseconds; `undefined` if it is not known. */
export function preStopDuration(container: Data): number | undefined {
  const preStop = at(container, 'lifecycle', 'preStop')
  if (!preStop || preStop.scalar === null) return 0
  const sleep = at(preStop, 'sleep', 'seconds')
  if (sleep) return typeof sleep.scalar === 'number' ? sleep.scalar * 1000 : undefined
  const command = textList(at(preStop, 'exec', 'command'))
  if (!command) return undefined
  const text = command.join(' ')
  const sleeps = [...text.matchAll(/(?:^|[\s/;&'"])sleep\s+(\d+(?:\.\d+)?)([smh]?)/g)]
  if (sleeps.length === 0) return undefined
  const units: Record<string, number> = { '': 1000, s: 1000, m: 60_000, h: 3_600_000 }
  return sleeps.reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (units[unit] ?? 1000),
    0,
  )
}

/** Kubernetes starts a preStop without a shell. One that needs a shell fails, and SIGTERM comes at once. */
export function checkPreStop(container: Data, context: ExamineContext): void {
  const exec = at(container, 'lifecycle', 'preStop', 'exec')
  const command = textList(at(exec, 'command'))
  if (!exec || !command) return
  const [program = ''] = command
  const isShell = isProgram(baseOf(program), 'shell')
  const needsShell =
    (/\s/.test(program.trim()) && command.length === 1) ||
    command.some((word) => /^(&&|\|\||;|\||&)$/.test(word))
  if (isShell || !needsShell) return
  context.report({
    rule: 'prestop-not-run',
    offset: offsetOfKey(exec, 'command'),
    says: `Kubernetes starts the preStop without a shell, and there is no program '${program}'${command.length > 1 ? ' that takes these arguments' : ''}: it fails (FailedPreStopHook), and SIGTERM comes at once, without the intended wait.`,
    fix: 'Give each word its own item, or start a shell.',
    edits: setKey(
      exec,
      'command',
      jsonList(
        /[;&|$]/.test(command.join(' '))
          ? ['/bin/sh', '-c', command.join(' ')]
          : program.trim().split(/\s+/),
      ),
    ),
  })
}
