/** What the hooks that have begun say that they wait for. */
export class PendingWork {
  readonly #lists = new Map<string, (() => readonly string[])[]>()

  add(hook: string, list: () => readonly string[]): void {
    this.#lists.set(hook, [...(this.#lists.get(hook) ?? []), list])
  }

  /** Asks a hook. What it can't tell is no reason to end the run. */
  of(hook: string): string[] {
    return (this.#lists.get(hook) ?? []).flatMap((list) => {
      try {
        return list().map(String)
      } catch (error) {
        return [`(what it waits for can't be told: ${error})`]
      }
    })
  }
}
