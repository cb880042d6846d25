import type { FeatureGroup } from '../feature.ts'
import { commandLine } from './command-line.ts'
import { endings } from './endings.ts'
import { frameworks } from './frameworks.ts'
import { groups } from './groups.ts'
import { http } from './http.ts'
import { loading } from './loading.ts'
import { protocols } from './protocols.ts'
import { running } from './running.ts'
import { signals } from './signals.ts'
import { testing } from './testing.ts'
import { workers } from './workers.ts'

export const GROUPS: readonly FeatureGroup[] = [
  loading,
  signals,
  endings,
  running,
  http,
  protocols,
  frameworks,
  workers,
  groups,
  commandLine,
  testing,
]
