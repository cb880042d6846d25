import { builtinModule } from './builtin-modules.ts'

/**
 * A controller whose signal may have any number of listeners: a signal that users get is for whatever
 * they do until it aborts. Node 20 takes the eleventh listener for a leak, and warns.
 */
export function createAbortController(): AbortController {
  const controller = new AbortController()
  builtinModule('node:events').setMaxListeners(0, controller.signal)
  return controller
}
