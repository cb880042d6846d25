/** A duration of Go, which Compose uses, in milliseconds: `1m30s`, `500ms`. `undefined` if it is none. */
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

const GO_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const SYSTEMD_UNITS: Readonly<Record<string, number>> = {
  us: 1e-3,
  usec: 1e-3,
  ms: 1,
  msec: 1,
  '': 1000,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
}

function sumOf(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*/gy)]
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== text) return undefined
  const times = parts.map(([, amount, unit = '']) => Number(amount) * (units[unit] ?? Number.NaN))
  const total = times.reduce((a, b) => a + b, 0)
  return Number.isNaN(total) ? undefined : total
}

/** Whole seconds, rounded up: a limit that is short by half a second is too short. */
export function wholeSeconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000)
}
