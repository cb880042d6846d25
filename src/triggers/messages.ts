import { invalidOption } from '../base/errors.ts'
import type { Reason } from '../base/reason.ts'
import type { ProcessPort } from '../runtime/process.ts'

/** Checks the messages of the parent process that start a shutdown. Default: PM2's `shutdown`. */
export function messageSettings(option: unknown): readonly string[] {
  if (option === undefined) return ['shutdown']
  if (Array.isArray(option) && option.every((message) => typeof message === 'string')) return option
  throw invalidOption('messages', "an array of strings, such as ['shutdown']", option)
}

/** Listens to messages of the parent process. Returns a function that stops listening. */
export function onMessages(
  messages: readonly string[],
  host: ProcessPort,
  begin: (reason: Reason) => unknown,
): () => void {
  if (messages.length === 0) return () => {}
  return host.onFirst('message', (message: unknown) => {
    if (typeof message === 'string' && messages.includes(message))
      begin({ kind: 'message', message })
  })
}
