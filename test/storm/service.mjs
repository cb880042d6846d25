// A service that acknowledges writes, holds them in memory and flushes them at its end. What happens to
// it stands on stderr, line by line: node test/storm/service.mjs '{"files":["/tmp/writes"]}'
import { writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'

const {
  files, // one for each part: a server with a buffer and a shutdown of its own
  way = 'lastcall',
  by = 'http',
  grace = '10s',
  handler = 0, // how long a write takes before it is in the buffer
  flushTakes = 0,
  reserve = '2s',
  hooks = [],
  listener: hostileListener, // the event whose listener throws what cannot be read
  exitsAfterHooks = false, // as a framework's own listener does
  listensFirst = false, // to signals, and only a while later to clients
} = JSON.parse(process.argv[2])

// At once, and not through a stream: the process may be gone in the next moment.
const tell = (text) => writeSync(2, `@${performance.now().toFixed(1)} ${text}\n`)

tell('loading')
const { createShutdown, formatReport } = await import('lastcall')
const { httpServer } = await import('lastcall/http')
const copy = createRequire(import.meta.url)('lastcall')
tell('loaded')

process.on('message', (fault) => {
  tell('fault thrown')
  if (fault === 'throw') throw new Error('an exception that nobody catches')
  void Promise.reject(new Error('a rejection that nobody handles'))
})

function bufferFor(file) {
  let writes = []
  const flush = async () => {
    const handle = await open(file, 'a')
    const lines = writes
    writes = []
    const half = lines.length >> 1
    await handle.appendFile(lines.slice(0, half).join(''))
    await sleep(flushTakes)
    await handle.appendFile(lines.slice(half).join(''))
    await handle.sync()
    await handle.close()
    tell(`flushed ${lines.length} writes`)
  }
  return { add: (write) => void writes.push(`${write}\n`), flush }
}

function serverOf(buffer) {
  return createServer((request, response) => {
    let write = ''
    request.on('data', (chunk) => {
      write += chunk
    })
    request.on('end', async () => {
      if (handler > 0) await sleep(handler)
      buffer.add(write)
      response.end('acknowledged')
    })
  })
}

/** The other way to bring a write: a line on stdin, acknowledged by one on stdout. */
function takeLines(buffer, signal) {
  let rest = ''
  process.stdin.on('data', (chunk) => {
    // What comes once the run has begun is not taken, and not acknowledged.
    if (signal.aborted) return
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      buffer.add(line)
      process.stdout.write(`acknowledged ${line}\n`)
    }
  })
}

const DEEDS = {
  hang: () => new Promise(() => {}),
  reject: () => Promise.reject(new Error('a hook that fails')),
  throw: () => {
    throw new Error('a hook that throws')
  },
  sleep: ({ ms }) => sleep(ms),
  'throw a revoked Proxy': () => {
    throw revokedProxy()
  },
  'reject with a throwing cause': () =>
    Promise.reject(Object.defineProperty(new Error('cause'), 'cause', { get: refuse })),
  'hostile note': (_, { note }) => {
    note(revokedProxy())
    throw Symbol('thrown')
  },
  // The loop turns, but each turn takes that long.
  slow: ({ ms }) => {
    const turn = () => {
      const began = performance.now()
      while (performance.now() - began < ms);
      setImmediate(turn)
    }
    turn()
    return new Promise(() => {})
  },
}

function refuse() {
  throw new Error('a getter that throws')
}

function revokedProxy() {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function shutdownFor(create, buffer, others) {
  const shutdown = create({ grace })
  shutdown.add({ name: 'writes', phase: 'flush', reserve, run: buffer.flush })
  for (const [index, hook] of others.entries()) {
    shutdown.add({
      name: `${hook.does} ${index}`,
      phase: hook.phase,
      run: (context) => DEEDS[hook.does](hook, context),
    })
  }
  shutdown.on('event', (event) => {
    if (event.type === 'repeat') tell(`repeat of ${event.signal}, same press: ${event.samePress}`)
    else if (event.type === 'end') tell(formatReport(event.report))
    else if (event.type === 'exit') tell(`exit ${event.exitCode}`)
    else tell(event.type + (event.signal ? ` by ${event.signal}` : ''))
  })
  if (hostileListener) {
    shutdown.on(hostileListener, () => {
      throw revokedProxy()
    })
  }
  if (exitsAfterHooks) shutdown.on('end', () => process.exit(0))
  return shutdown
}

async function startWithLastcall(file, index) {
  const buffer = bufferFor(file)
  // The second part has another copy of the package, and none of the hooks of the first.
  const create = index === 0 ? createShutdown : copy.createShutdown
  const shutdown = shutdownFor(create, buffer, index === 0 ? hooks : [])
  const listenToSignals = () => {
    shutdown.listen()
    tell('listens to signals')
  }
  if (by === 'pipe') {
    listenToSignals()
    takeLines(buffer, shutdown.signal)
    return console.log('serving')
  }
  const server = serverOf(buffer)
  shutdown.add(httpServer(server))
  if (listensFirst) {
    listenToSignals()
    await sleep(20)
  }
  server.listen(0, '127.0.0.1', () => console.log(`serving ${server.address().port}`))
  if (!listensFirst) listenToSignals()
}

/** What people write by hand. */
function startWithout(file) {
  const buffer = bufferFor(file)
  const server = serverOf(buffer)
  const leave = async () => {
    await buffer.flush()
    process.exit(0)
  }
  const ways = {
    'server.close(), then the flush': () => void server.close(leave),
    'the flush beside server.close()': () => {
      server.close()
      void leave()
    },
  }
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, ways[way])
  tell('listens to signals')
  server.listen(0, '127.0.0.1', () => console.log(`serving ${server.address().port}`))
}

await Promise.all(files.map(way === 'lastcall' ? startWithLastcall : startWithout))
