import { isProgram } from '../../../../platform/programs.ts'
import { baseOf } from '../../launch/shell.ts'
import { at, type Data, flow, placeOf, set, texts } from '../../parse/data.ts'
import type { SourceFile } from '../../parse/source.ts'
import type { World } from '../../world.ts'

/** How long a container's preStop takes, in milliseconds; `undefined` where that is not to be told. */
export function preStopOf(container: Data): number | undefined {
  const preStop = at(container, 'lifecycle', 'preStop')
  if (!preStop || preStop.scalar === null) return 0
  const sleep = at(preStop, 'sleep', 'seconds')
  if (sleep) return typeof sleep.scalar === 'number' ? sleep.scalar * 1000 : undefined
  const command = texts(at(preStop, 'exec', 'command'))
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

/** A preStop is no shell: what only a shell understands is never run, and the signal comes at once. */
export function checkPreStop(container: Data, file: SourceFile, world: World): void {
  const exec = at(container, 'lifecycle', 'preStop', 'exec')
  const command = texts(at(exec, 'command'))
  if (!exec || !command) return
  const [program = ''] = command
  const isShell = isProgram(baseOf(program), 'shell')
  const needsShell =
    (/\s/.test(program.trim()) && command.length === 1) ||
    command.some((word) => /^(&&|\|\||;|\||&)$/.test(word))
  if (isShell || !needsShell) return
  world.report({
    rule: 'prestop-not-run',
    file,
    offset: placeOf(exec, 'command'),
    says: `The preStop is started without a shell, and there is no program '${program}'${command.length > 1 ? ' that takes all this as its arguments' : ''}: it fails (FailedPreStopHook), and SIGTERM comes at once, without the wait that it was meant to be.`,
    fix: 'Give each word its own item, or start a shell.',
    edits: set(
      exec,
      'command',
      flow(
        /[;&|$]/.test(command.join(' '))
          ? ['/bin/sh', '-c', command.join(' ')]
          : program.trim().split(/\s+/),
      ),
    ),
  })
}
