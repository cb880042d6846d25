// The service, ended by lastcall.
import { createShutdown, formatReport } from 'lastcall'
import { httpServer } from 'lastcall/http'
import { events, pool, server } from './service.ts'

const shutdown = createShutdown({ grace: '10s', log: 'text' })
shutdown.add(httpServer(server))
shutdown.add({ name: 'events', phase: 'flush', run: ({ signal }) => events.flush({ signal }) })
shutdown.add({ name: 'postgres', phase: 'close', run: () => pool.end() })
shutdown.on('end', ({ report }) => console.error(formatReport(report, { width: 76 })))
shutdown.listen()
