import type { Life } from './instance.ts'

/** One instance goes and another comes in its place. All times are those of `performance.now()`. */
export interface Replacement {
  readonly name: string
  /** Of the one that went. */
  readonly life: Life
  /** When the balancer sent it nothing more, where that can be known. */
  readonly droppedAt: number | undefined
  /** When etcd knew it no more. */
  readonly unregisteredAt: number | undefined
  /** When the next one was started, listened, and was sent requests. */
  readonly startedAt: number
  readonly listensAt: number
  readonly takenAt: number
}
