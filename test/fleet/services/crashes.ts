// The service of examples/fleet/express.ts, with a bug that shows while it drains.
import { shutdown } from '../../../examples/fleet/express.ts'

shutdown.on('hook:start', ({ hook }) => {
  if (hook !== 'http') return
  setTimeout(() => {
    throw new TypeError("Cannot read properties of undefined (reading 'total')")
  }, 100)
})
