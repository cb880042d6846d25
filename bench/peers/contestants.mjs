// How each contestant ends the service on SIGTERM: as its own README says, with the options on that
// help it. Each loads its package itself, so that a process has no more in it than it needs.
//
// `limit` is how long a contestant may take before it breaks off: the same for all, and below the
// SIGKILL, so that none is killed because its default was meant for another platform.
//
// Delays before the drain (terminus `beforeShutdown`, lightship `shutdownDelay`, lastcall's lame duck)
// are off for all: they give a load balancer the time to look elsewhere, and there is none here. Tried
// with 500 ms of `beforeShutdown`, as many requests were lost, half a second later.
//
// `cleanUp` closes what the handlers use. Each calls it where its README has an application close its
// databases: after the server.

/** What a contestant leaves to the application: to close the server, as people write it by hand. */
const closeServer = (server) =>
  new Promise((resolve) => {
    server.close(resolve)
    server.closeIdleConnections?.() // HTTP/2 servers have none
  })

/**
 * Its README hands it `() => { server.close() }` and gives the process one more second to end. A handler
 * that it can wait for, and its best practice to close idle connections, serve it better. Handlers run
 * in the order in which they are registered.
 */
async function useLightship(server, { limit, cleanUp }) {
  const { createLightship } = await import('lightship')
  const lightship = await createLightship({
    gracefulShutdownTimeout: limit,
    shutdownHandlerTimeout: limit,
  })
  lightship.registerShutdownHandler(() => closeServer(server))
  lightship.registerShutdownHandler(cleanUp)
  server.on('listening', () => lightship.signalReady())
  return lightship
}

/**
 * What a contestant returns is called at the start of each piece of work, and what that returns at its
 * end. Most return nothing: they see the work by themselves, or not at all.
 *
 * @type {Record<string, (server: import('node:http').Server, options: object) => unknown>}
 */
export const contestants = {
  // The signal ends the process.
  'no handler'() {},

  'server.close()'(server, { cleanUp }) {
    process.on('SIGTERM', () =>
      closeServer(server)
        .then(cleanUp)
        .then(() => process.exit(0)),
    )
  },

  // Leaves the signal and the exit to the application. Its own limit of 1 s would cut requests off.
  async 'http-terminator'(server, { limit, cleanUp }) {
    const { createHttpTerminator } = await import('http-terminator')
    const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: limit })
    process.on('SIGTERM', () =>
      terminator
        .terminate()
        .then(cleanUp)
        .then(() => process.exit(0)),
    )
  },

  // The same; without a grace of its own it may wait for ever.
  async stoppable(server, { limit, cleanUp }) {
    const { default: stoppable } = await import('stoppable')
    stoppable(server, limit)
    process.on('SIGTERM', () =>
      server.stop(async (_error, gracefully) => {
        await cleanUp()
        process.exit(gracefully ? 0 : 1)
      }),
    )
  },

  // Handles the signal and exits by itself. Its own timeout is 30 s.
  async 'http-graceful-shutdown'(server, { limit, cleanUp }) {
    const { default: gracefulShutdown } = await import('http-graceful-shutdown')
    gracefulShutdown(server, { timeout: limit, onShutdown: cleanUp })
  },

  // `useExit0` as its README advises. Its own timeout of 1 s would cut requests off. `onSignal` is called
  // when the server is closed.
  async terminus(server, { limit, cleanUp }) {
    const { createTerminus } = await import('@godaddy/terminus')
    createTerminus(server, { timeout: limit, useExit0: true, onSignal: cleanUp })
  },

  async lightship(server, options) {
    await useLightship(server, options)
  },

  // Its README wants to be told of tasks that a shutdown has to wait for; those of a queue, for example.
  async 'lightship, with beacons'(server, options) {
    const lightship = await useLightship(server, options)
    return () => {
      const beacon = lightship.createBeacon()
      return () => beacon.die()
    }
  },

  // `closeYourServer()` in its README.
  async 'close-with-grace'(server, { limit, cleanUp }) {
    const { default: closeWithGrace } = await import('close-with-grace')
    closeWithGrace({ delay: limit, logger: false }, () => closeServer(server).then(cleanUp))
  },

  // Its deadline follows from the grace: that of the platform, less a margin.
  async lastcall(server, { grace, webSockets, cleanUp }) {
    const { createShutdown } = await import('lastcall')
    const { httpServer, webSocketServer } = await import('lastcall/http')
    const shutdown = createShutdown({ grace })
    shutdown.add(httpServer(server))
    if (webSockets) shutdown.add(webSocketServer(webSockets))
    shutdown.add({ name: 'pool', phase: 'close', run: cleanUp })
    shutdown.listen()
  },
}
