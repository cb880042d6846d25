// The service of examples/fleet/express.ts, with a hook that never settles.
import { shutdown } from '../../../examples/fleet/express.ts'

shutdown.add({ name: 'reports', phase: 'stop', run: () => new Promise(() => {}) })
