import * as compose from './compose.ts'
import * as dockerfile from './dockerfile.ts'
import * as kubernetes from './kubernetes.ts'
import * as packageJson from './package-json.ts'
import * as pm2 from './pm2.ts'
import * as systemd from './systemd.ts'

/** Deployments of each kind: broken ones, as they are found in public repositories, and sound ones. */
export const deployments = {
  Dockerfile: dockerfile,
  Compose: compose,
  Kubernetes: kubernetes,
  systemd,
  PM2: pm2,
  'package.json': packageJson,
}
