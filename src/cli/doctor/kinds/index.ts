import { compose } from './compose.ts'
import { dockerfile } from './dockerfile.ts'
import type { Kind } from './kind.ts'
import { kubernetes } from './kubernetes.ts'
import { packageJson } from './package-json.ts'
import { pm2 } from './pm2.ts'
import { systemd } from './systemd.ts'

/**
 * The kinds of files that the doctor examines, in its order. To add a kind: write its file
 * in this folder, add it here, and add deployments for it to `test/cli/doctor/deployments/`.
 */
export const KINDS: readonly Kind[] = [dockerfile, compose, kubernetes, systemd, pm2, packageJson]
