// Idle clients in a process of their own, which speaks over IPC: node bench/crowd.mjs <port> <count>.
// Each sends one request and keeps its connection. It needs as many open files as there are clients:
// Node raises its own limit as far as the hard one (`ulimit -Hn`) allows.
import { connect } from 'node:net'

const [port, count] = process.argv.slice(2).map(Number)
/** How many connect at a time: fewer than may wait for the server to accept them. */
const AT_A_TIME = 100

let toOpen = count
let unanswered = count
let unclosed = count

function open() {
  if (toOpen === 0) return
  toOpen--
  let answered = false
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  socket.on('data', () => {
    if (answered) return
    answered = true
    if (--unanswered === 0) process.send({ ready: true })
    open()
  })
  socket.on('error', ({ code }) => {
    if (!answered) process.send({ problem: code })
  })
  socket.on('close', () => {
    // The clock is the system's, and the same in every process.
    if (--unclosed === 0) process.send({ closedAt: String(process.hrtime.bigint()) })
  })
}

for (let n = 0; n < AT_A_TIME; n++) open()
process.on('disconnect', () => process.exit())
