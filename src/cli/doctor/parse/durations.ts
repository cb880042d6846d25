/** A duration of Go, which Compose uses, in milliseconds: `1m30s`, `500ms`. `undefined` if invalid. */
export function goDuration(text: string): number | undefined {
  return sumOf(text, GO_UNITS)
}

/** A time span of systemd.time(7), in milliseconds: `90` (seconds), `1min 30s`, `infinity`. */
export function systemdTime(text: string): number | undefined {
  const value = text.trim()
  if (value === 'infinity') return Number.POSITIVE_INFINITY
  // systemd's config_parse_service_timeout() takes a stop timeout of 0 as no timeout.
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000 || Number.POSITIVE_INFINITY
  return sumOf(value, SYSTEMD_UNITS)
}

/** The names of the units, each with its length in milliseconds. */
type Units = readonly (readonly [names: RegExp, milliseconds: number])[]

const GO_UNITS: Units = [
  [/^ns$/, 1e-6],
  [/^[uµ]s$/, 1e-3],
  [/^ms$/, 1],
  [/^s$/, 1000],
  [/^m$/, 60_000],
  [/^h$/, 3_600_000],
]

const SYSTEMD_UNITS: Units = [
  [/^us(ec)?$/, 1e-3],
  [/^ms(ec)?$/, 1],
  [/^(s|sec|seconds?)?$/, 1000],
  [/^(m|min|minutes?)$/, 60_000],
  [/^(h|hr|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000],
]

function sumOf(text: string, units: Units): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*/gy)]
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== text) return undefined
  const total = parts.reduce((sum, [, amount, unit = '']) => {
    const [, milliseconds] = units.find(([names]) => names.test(unit)) ?? []
    return sum + Number(amount) * (milliseconds ?? Number.NaN)
  }, 0)
  return Number.isNaN(total) ? undefined : total
}

/** Whole seconds, rounded up: a limit that is short by half a second is too short. */
export function wholeSeconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000)
}
