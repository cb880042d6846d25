// One slow reader of a contestant's large answer, in a network namespace that is nobody else's:
// unshare --net node --import tsx bench/peers/slow-read.ts '{"contestant":"stoppable","grace":10000,"rate":1000000}'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { startService } from './processes.ts'
import { SlowClient } from './slow-client.ts'
import type { SlowRead } from './slow-reader.ts'

const { contestant, grace, rate } = JSON.parse(process.argv[2] ?? '{}')

setInterface('up')
const service = await startService({ contestant, grace })
const client = new SlowClient(service.port, '/large', rate)
await once(client, 'begin')
const ended = once(client, 'end')
const exit = await service.stop()
setInterface('down')
await ended
const result: SlowRead = { ...exit, received: client.received }
console.log(JSON.stringify(result))

function setInterface(state: 'up' | 'down'): void {
  execFileSync('ip', ['link', 'set', 'lo', state])
}
