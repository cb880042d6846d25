/** Milliseconds since 1970, with fractions: the same in all processes of a machine. */
export function now(): number {
  return performance.timeOrigin + performance.now()
}

/** Comes back when this is the case, and fails with these words when it has not been for half a minute. */
export async function until<T>(
  what: string,
  isSo: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = now() + 30_000
  while (now() < end) {
    const found = await isSo()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`Half a minute was not enough: ${what}`)
}
