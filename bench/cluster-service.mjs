// A cluster to stop and to restart, in one of two ways: node bench/cluster-service.mjs '{"way":"lastcall"}'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'

const { way, policy = 'SCHED_RR', workers: count = 2 } = JSON.parse(process.argv[2] ?? '{}')

const primaries = {
  lastcall: async () => {
    const { createShutdown } = await import('lastcall')
    const { clusterWorkers } = await import('lastcall/workers')
    const shutdown = createShutdown({ grace: '10s', log: { level: 'error' } })
    const workers = clusterWorkers(cluster)
    shutdown.add(workers)
    shutdown.listen()
    return () => workers.restart()
  },
  // What people write by hand.
  disconnect: () => {
    process.on('SIGTERM', () => cluster.disconnect())
    return async () => {
      for (const old of Object.values(cluster.workers)) {
        await once(cluster.fork(), 'listening')
        old.disconnect()
        await once(old, 'exit')
      }
    }
  },
}

const workers = {
  lastcall: async (servers) => {
    const { createShutdown } = await import('lastcall')
    const { httpServer } = await import('lastcall/http')
    const shutdown = createShutdown({ grace: '10s', log: { level: 'error' } })
    servers.forEach(
      (server, index) => void shutdown.add(httpServer(server, { name: `http ${index}` })),
    )
    shutdown.listen()
  },
  disconnect: () => {},
}

if (cluster.isPrimary) {
  cluster.schedulingPolicy = cluster[policy]
  const restart = await primaries[way]()
  process.on('SIGHUP', async () => {
    await restart()
    console.log('restarted')
  })
  const ports = new Set()
  cluster.on('listening', (_worker, { port }) => ports.add(port))
  for (let n = 0; n < count; n++) {
    const worker = cluster.fork()
    await once(worker, 'listening')
    await once(worker, 'listening')
  }
  console.log(JSON.stringify([...ports]))
} else {
  // The second one closes each connection: its clients reconnect for every request.
  const servers = [false, true].map((closes) =>
    createServer((_request, response) => {
      if (closes) response.setHeader('connection', 'close')
      response.end('ok')
    }),
  )
  await workers[way](servers)
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
}
