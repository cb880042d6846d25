import { Etcd3 } from 'etcd3'

const c = new Etcd3({ hosts: 'unix:/tmp/etcd-tDOs/client:0' })
await c.put('a').value('b')
console.log(await c.get('a'))
const l = c.lease(1)
await l.put('x').value(1)
console.log(await l.keepaliveOnce())
const w = await c.watch().prefix('').create()
w.on('delete', () => console.log('deleted', Date.now()))
console.log(Date.now())
await l.revoke()
setTimeout(() => c.close(), 500)
