// Run by vitest.
import { expect, test, vi } from 'vitest'
import cases from './cases.cjs'

vi.useFakeTimers()
cases({ test, expect, timers: vi, kit: await import('lastcall/testing') })
