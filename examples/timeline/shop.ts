// A service whose shutdown fails: an export takes longer than the grace, and no broker takes its events.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createShutdown } from 'lastcall'
import { httpServer } from 'lastcall/http'
import { taskTracker } from 'lastcall/workers'

const [, , file = 'report.json'] = process.argv

const server = createServer(async (_request, response) => {
  await sleep(60_000)
  response.end('the export\n')
})
const jobs = taskTracker({ name: 'jobs' })

const shutdown = createShutdown({ grace: '10s', log: 'text' })
shutdown.add(httpServer(server))
shutdown.add(jobs)
shutdown.add('consul', () => sleep(240), { phase: 'deregister' })
shutdown.add(
  'events',
  async ({ note }) => {
    note('31 events were not sent')
    // No server listens there.
    await once(connect(9092, '127.0.0.1'), 'connect')
  },
  { phase: 'flush', reserve: '2s' },
)
shutdown.add('postgres', () => sleep(310))
shutdown.add('redis', () => sleep(90))

shutdown.on('end', ({ report }) => writeFileSync(file, JSON.stringify(report, null, 2)))
shutdown.listen()

void jobs.run(() => sleep(7000), { name: 'resize 7' })
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify(server.address())))
