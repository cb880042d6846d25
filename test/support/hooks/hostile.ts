/** Values of which little or nothing can be read, and an ordinary error: what user code may throw. */
export function thrownValue(which: number): unknown {
  const values = [
    () => new Error('an ordinary error'),
    revokedProxy,
    () => withGetter('cause'),
    () => withGetter('code'),
    () => withGetter('message'),
    () => Object.create(null),
    () => Symbol('thrown'),
    () => undefined,
  ]
  return values[which % values.length]?.()
}

export function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** An error with a getter that throws. */
export function withGetter(name: string): Error {
  return Object.defineProperty(new Error('boom'), name, {
    get: () => {
      throw new Error('not readable')
    },
  })
}
