// A service is stopped under load, as `docker stop` does it: once with server.close(), once with lastcall.
import { CLIENTS, GRACE, LOAD, stopUnderLoad } from './stop.ts'
import { table } from './table.ts'
import { heading, log, say, seconds } from './text.ts'

console.log(
  `${CLIENTS} clients place orders over keep-alive connections. After ${seconds(LOAD)} the service gets\n` +
    `SIGTERM, and SIGKILL ${seconds(GRACE)} later, as \`docker stop\` does it.`,
)

heading('server.close(), written by hand')
const byHand = await stopUnderLoad('server.close()', 'by-hand.ts')
if (byHand.code === null) {
  say('Killed: server.close() asks no client to leave, so they kept sending.')
}

heading('lastcall')
const lastcall = await stopUnderLoad('lastcall', 'with-lastcall.ts')
console.log(`\n${log(lastcall.stderr)}`)

console.log(`\n${table([byHand, lastcall])}`)
console.log(`
A request is lost when a client has sent it and gets no full response. An event
is lost when its order was confirmed, and the event was never delivered.
The two services: examples/demo/by-hand.ts and examples/demo/with-lastcall.ts`)

const isClean = lastcall.code === 0 && lastcall.lostRequests === 0 && lastcall.lostEvents === 0
process.exitCode = isClean ? 0 : 1
