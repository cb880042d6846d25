import { describe, expect, test } from 'vitest'
import { guessPlatform } from '../../src/platform/platform.ts'
import { VirtualProcess, virtualShutdown } from '../support/hooks/virtual.ts'

function guess(env: Record<string, string>, change: Partial<VirtualProcess> = {}) {
  return guessPlatform(Object.assign(new VirtualProcess(), { env, ...change }))
}

// Defaults of the platforms themselves: no guess may be longer.
test.each([
  ['kubernetes', 30_000, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }],
  ['ecs', 30_000, { ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4' }],
  ['cloud-run', 10_000, { K_SERVICE: 'api' }],
  ['heroku', 30_000, { DYNO: 'web.1' }],
  ['fly', 5000, { FLY_APP_NAME: 'api' }],
  ['nomad', 5000, { NOMAD_ALLOC_ID: 'a' }],
  ['supervisord', 10_000, { SUPERVISOR_ENABLED: '1' }],
  ['pm2', 1600, { pm_id: '0' }],
  ['azure-container-apps', 30_000, { CONTAINER_APP_NAME: 'api' }],
  ['azure-app-service', 5000, { WEBSITE_SITE_NAME: 'api' }],
  ['lambda', 300, { AWS_LAMBDA_FUNCTION_NAME: 'f' }],
  ['vercel', 500, { VERCEL: '1' }],
  ['render', 30_000, { RENDER: 'true' }],
  ['railway', 3000, { RAILWAY_ENVIRONMENT_NAME: 'production' }],
])('%s grants %i ms', (name, grace, env) => {
  expect(guess(env)).toMatchObject({
    name,
    grace,
    because: `${Object.keys(env)[0]} is set`,
    also: [],
  })
})

test.each([
  ['pm2', 8000, { pm_id: '0', kill_timeout: '8000' }, 'kill_timeout is 8000'],
  [
    'railway',
    20_000,
    { RAILWAY_DEPLOYMENT_DRAINING_SECONDS: '20' },
    'RAILWAY_DEPLOYMENT_DRAINING_SECONDS is 20',
  ],
  [
    'azure-app-service',
    60_000,
    { WEBSITES_CONTAINER_STOP_TIME_LIMIT: '60' },
    'WEBSITES_CONTAINER_STOP_TIME_LIMIT is 60',
  ],
])('%s says what it grants where that is configured: %i ms', (name, grace, env, because) => {
  expect(guess(env)).toMatchObject({ name, grace, because })
})

test.each(['', 'soon', '-5', '0', '1e9x'])(
  "a configured time that is no number ('%s') leaves the default",
  (value) => {
    expect(guess({ pm_id: '0', kill_timeout: value })).toMatchObject({ name: 'pm2', grace: 1600 })
  },
)

describe('systemd', () => {
  test('grants 90 s to the process that it has started itself', () => {
    const env = { INVOCATION_ID: 'a', SYSTEMD_EXEC_PID: '4242' }
    expect(guess(env)).toMatchObject({ name: 'systemd', grace: 90_000 })
    expect(guess({ NOTIFY_SOCKET: '/run/x' }, { ppid: 1 })).toMatchObject({ name: 'systemd' })
  })

  test('does not count where its variables were inherited: at a terminal, or by a child of a service', () => {
    expect(guess({ INVOCATION_ID: 'a', SYSTEMD_EXEC_PID: '1' })).toMatchObject({
      name: 'unknown',
      grace: 10_000,
    })
    expect(guess({ INVOCATION_ID: 'a' })).toMatchObject({ name: 'unknown', grace: 10_000 })
  })
})

test('where one runs inside of another the shortest grace counts, and the others are named', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', pm_id: '0', SUPERVISOR_ENABLED: '1' }
  expect(guess(env)).toMatchObject({
    name: 'pm2',
    grace: 1600,
    also: [{ name: 'supervisord' }, { name: 'kubernetes' }],
  })
})

test('a container is recognised by its mark, and an unknown platform grants what Docker does', () => {
  expect(guess({}, { files: new Set(['/.dockerenv']) })).toMatchObject({
    name: 'docker',
    grace: 10_000,
    because: '/.dockerenv exists',
  })
  expect(guess({}, { files: new Set(['/run/.containerenv']) })).toMatchObject({ name: 'docker' })
  expect(guess({})).toMatchObject({ name: 'unknown', grace: 10_000 })
  expect(guess({}, { platform: 'win32' })).toMatchObject({ name: 'windows', grace: 5000 })
})

test('a grace that is unset is what the platform grants, and one that is given wins', async () => {
  const process = Object.assign(new VirtualProcess(), {
    env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' },
  })
  const unset = virtualShutdown({ exit: false }, { process }).shutdown
  expect(await unset.now()).toMatchObject({
    grace: 30_000,
    margin: 2000,
    platform: { name: 'kubernetes' },
  })
  const given = virtualShutdown({ exit: false, grace: '25s' }, { process }).shutdown
  expect(await given.now()).toMatchObject({ grace: 25_000, platform: { name: 'kubernetes' } })
})
