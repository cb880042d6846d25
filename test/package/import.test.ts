import { describe, expect, test } from 'vitest'
import { ENTRIES, WAYS } from '../support/programs/entries.ts'
import { load } from './loading.ts'

/** What Node's own modules bring along everywhere, and what costs nothing. */
const LIGHT =
  /^(os|perf_hooks|string_decoder|diagnostics_channel|stream(\/\w+)?|util(\/\w+)?|events)$/

/**
 * What an entry may load of Node, and what it may leave behind, beyond nothing. One that has no row,
 * such as the core, may load what is light.
 */
const ALLOWED: Readonly<Record<string, { builtins: RegExp; resources?: string[] }>> = {
  'lastcall/http': {
    // Clear text alone: a server of HTTP/2 or TLS has its own module loaded before it comes to us.
    builtins: /^(net|http|_http_\w+)$/,
  },
  // What starts programs, and assert for its error. From Node 22 on, assert looks whether stderr, a pipe
  // here, has colours.
  'lastcall/testing': {
    builtins: /^(assert|child_process|crypto|dgram|net|worker_threads)$/,
    resources: ['PIPEWRAP'],
  },
  // `child_process` for supervise(); it brings net and dgram along.
  'lastcall/workers': { builtins: /^(child_process|net|dgram)$/ },
}

describe.each(ENTRIES)('to load $name', ({ name }) => {
  const { builtins = /^$/, resources = [] } = ALLOWED[name] ?? {}

  test.each(WAYS)(
    'by %s listens to nothing, starts nothing, says nothing and changes nothing',
    async (way) => {
      const traces = await load(name, way)
      expect(traces.builtins.filter((one) => !LIGHT.test(one) && !builtins.test(one))).toEqual([])
      expect(traces.resources.filter((one) => !resources.includes(one))).toEqual([])
      expect(traces).toMatchObject({ listeners: [], globals: [], settings: [] })
    },
  )

  test('gives the same names by import and by require', async () => {
    const [esm, cjs] = await Promise.all(WAYS.map((way) => load(name, way)))
    expect(esm?.names.length).toBeGreaterThan(0)
    expect(esm?.names).toEqual(cjs?.names.toSorted())
  })
})

test('the table names no entry that is gone', () => {
  const names = ENTRIES.map((entry) => entry.name)
  expect(Object.keys(ALLOWED).filter((name) => !names.includes(name))).toEqual([])
})
