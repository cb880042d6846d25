import { type HookContext, signalsAll } from '../engine/hook.ts'

/**
 * The signal that the platform has sent to a child together with its parent; `undefined` where it sent
 * none. Ctrl-C goes to the terminal's whole foreground group, systemd (`KillMode=control-group`, its
 * default) and Heroku signal every process, and PM2 the whole tree (`treekill`, its default).
 */
export function platformSignal(
  { reason, platform }: Pick<HookContext, 'reason' | 'platform'>,
  hasOwnGroup: boolean,
): NodeJS.Signals | undefined {
  if (reason.kind !== 'signal') return undefined
  if (reason.terminal) return hasOwnGroup ? undefined : reason.signal
  return signalsAll(platform) ? reason.signal : undefined
}
