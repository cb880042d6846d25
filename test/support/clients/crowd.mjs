import { connect as connectPlainly } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { parentPort, workerData } from 'node:worker_threads'

// A crowd of clients in a thread of its own: each connects, sends one request, and says in the end
// what became of it. The main thread may be blocked meanwhile, and waits for `ready` to count down:
// by then every connection is made and, without TLS, its request is with the kernel.
const { port, count, secure, ready } = workerData
const left = new Int32Array(ready)

const isReady = () => {
  if (Atomics.sub(left, 0, 1) === 1) Atomics.notify(left, 0)
}

const ask = () =>
  new Promise((resolve) => {
    let answer = ''
    const raw = connectPlainly(port, '127.0.0.1')
    const socket = secure ? connectSecurely({ socket: raw, rejectUnauthorized: false }) : raw
    raw.on('connect', () => {
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
      isReady()
    })
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      answer += text
    })
    socket.on('end', () => socket.end())
    socket.on('error', (error) => {
      if (error.code === 'ECONNREFUSED') isReady()
      resolve(error.code)
    })
    socket.on('close', () => resolve(answer.startsWith('HTTP/1.1 200 OK') ? 'answered' : 'ended'))
  })

const outcomes = await Promise.all(Array.from({ length: count }, ask))
parentPort.postMessage(outcomes)
