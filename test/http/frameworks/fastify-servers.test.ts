import { createServer } from 'node:http'
import fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { otherServers } from '../../../src/http/frameworks/fastify-servers.ts'
import type { AnyHttpServer } from '../../../src/http/server.ts'
import { twoAddresses } from '../../support/servers/two-addresses.ts'

describe('the servers that Fastify opens besides app.server', () => {
  test.each([
    ['the application', false],
    ['a part of it', true],
  ])('are found in %s: those of app.addresses()', async (_, inPart) => {
    twoAddresses()
    const app = fastify()
    onTestFinished(() => app.close())
    let found: { readonly server: AnyHttpServer } = app
    if (inPart) {
      app.register(async (part) => {
        found = part
      })
    }
    await app.listen({ port: 0, host: 'localhost' })
    const servers = [...otherServers(found), app.server]

    expect(servers).toHaveLength(2)
    expect(servers.map((server) => server.address())).toEqual(app.addresses())
  })

  test('are none on one address', async () => {
    const app = fastify()
    onTestFinished(() => app.close())
    await app.listen({ port: 0, host: '127.0.0.1' })

    expect(otherServers(app)).toEqual([])
  })

  test('are none where Fastify has no such property', () => {
    expect(otherServers({ server: createServer() })).toEqual([])
  })
})
