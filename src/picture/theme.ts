import type { HookStatus } from '../engine/report.ts'

/** The colours of a terminal, as ANSI sequences. */
export const ANSI = {
  bold: '\u001b[1m',
  dim: '\u001b[2m',
  green: '\u001b[32m',
  red: '\u001b[31m',
  yellow: '\u001b[33m',
  reset: '\u001b[0m',
} as const

export type TerminalColor = Exclude<keyof typeof ANSI, 'reset'>

/** The colour of each status in a terminal. */
export const TERMINAL_COLORS = {
  done: 'green',
  failed: 'red',
  'cut off': 'yellow',
  fault: 'red',
} as const satisfies Record<HookStatus | 'fault', TerminalColor>

interface PageColors {
  readonly bar: string
  /** Stripes of the bar, for readers who cannot tell the colours apart. */
  readonly stripe?: string
  readonly text: string
}

/** The colours of each status in a page or an image, in light and dark mode. They differ in lightness too. */
export const PAGE_COLORS = {
  done: {
    light: { bar: '#2f9e7e', text: '#0b6a50' },
    dark: { bar: '#37ab89', text: '#63d3b2' },
  },
  failed: {
    light: { bar: '#c7313d', stripe: '#7f1620', text: '#b0202c' },
    dark: { bar: '#ee5a66', stripe: '#8c1822', text: '#ff8a92' },
  },
  'cut off': {
    light: { bar: '#e59a1a', stripe: '#9c5a00', text: '#8f5200' },
    dark: { bar: '#f0ab35', stripe: '#8a5200', text: '#f5b95a' },
  },
} as const satisfies Record<HookStatus, Record<'light' | 'dark', PageColors>>
