/** What a parser complains of, in a line; acorn says where. */
export function problemOf(error: unknown): { message: string; line: number | undefined } {
  const { message, loc } = error as Error & { loc?: { line: number } }
  return { message: message.replace(/\s*\(\d+:\d+\)$/, '').split('\n')[0] ?? '', line: loc?.line }
}
