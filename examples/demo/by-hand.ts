// The service, ended as it is usually written by hand.
import { events, pool, server } from './service.ts'

process.on('SIGTERM', () => {
  server.close(async () => {
    await events.flush()
    await pool.end()
    process.exit(0)
  })
})
