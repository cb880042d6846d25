// The service of 01-express.ts, ended as it is usually written by hand. Compare: npm run demo
import type { AddressInfo } from 'node:net'
import express from 'express'
import { Events, Pool } from '../support/stand-ins.ts'

const pool = new Pool()
const events = new Events()

const app = express()
app.get('/orders/:id', async (request, response) => {
  const order = await pool.query(request.params.id)
  events.append({ type: 'order read', id: order.id })
  response.json(order)
})

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

process.on('SIGTERM', () => server.close(() => process.exit(0)))
