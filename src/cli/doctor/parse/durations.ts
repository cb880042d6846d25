/** How each platform writes a length of time, into milliseconds; `undefined` for what it isn't. */

/** Compose, as Go has it: `1m30s`, `500ms`. */
export function goDuration(text: string): number | undefined {
  return sum(text, GO)
}

/** systemd.time(7): `90`, `1min 30s`, `infinity`; a number alone is one of seconds. */
export function systemdTime(text: string): number | undefined {
  const value = text.trim()
  if (value === 'infinity') return Number.POSITIVE_INFINITY
  // A stop timeout of 0 is taken as none, says systemd's config_parse_service_timeout().
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000 || Number.POSITIVE_INFINITY
  return sum(value, SYSTEMD)
}

const GO: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const SYSTEMD: Readonly<Record<string, number>> = {
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

function sum(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*/gy)]
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== text) return undefined
  const times = parts.map(([, amount, unit = '']) => Number(amount) * (units[unit] ?? Number.NaN))
  const total = times.reduce((a, b) => a + b, 0)
  return Number.isNaN(total) ? undefined : total
}

/** Whole seconds, rounded up: what is too short by a part of one is too short. */
export function seconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000)
}
