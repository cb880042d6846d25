import { expect, test } from 'vitest'
import { examine } from '../../../src/cli/doctor/examine.ts'
import { app } from './deployments/deployment.ts'
import { write } from './written.ts'

const severities = (files: Readonly<Record<string, string>>) =>
  examine(write(files)).findings.map(
    ({ file, line, rule, severity }) => `${file}:${line} ${severity} ${rule}`,
  )

test('in Compose, a service that ends by itself gets a warning', () => {
  const lines = [
    'services:',
    '  web:',
    '    build: .',
    '    command: sh -c "node migrate.js && node server.js"',
    '    depends_on: { migrate: { condition: service_completed_successfully }, db: { condition: service_healthy } }',
    '  migrate: { build: ., command: npm run migrate }',
    '  seed: { build: ., command: npm run seed, restart: "no" }',
    '  db: { build: db, command: npm run db }',
  ]
  expect(severities({ 'compose.yaml': lines.join('\n') })).toEqual([
    'compose.yaml:4 error shell-in-front',
    'compose.yaml:6 warning npm-in-front',
    'compose.yaml:7 warning npm-in-front',
    'compose.yaml:8 error npm-in-front',
  ])
})

test("a Job with less time than the application's grace gets a warning", () => {
  const job = (kind: string, spec: string) =>
    `apiVersion: batch/v1\nkind: ${kind}\nspec: ${spec.replace('POD', '{ containers: [{ name: a, image: acme/a, command: [node, a.js] }] }')}\n`
  expect(
    severities({
      'k8s/cron.yaml': job('CronJob', '{ jobTemplate: { spec: { template: { spec: POD } } } }'),
      'k8s/job.yaml': job('Job', '{ template: { spec: POD } }'),
      'k8s/web.yaml': job('Deployment', '{ template: { spec: POD } }'),
      ...app("{ grace: '50s' }"),
    }),
  ).toEqual([
    'k8s/cron.yaml:3 warning grace-too-short',
    'k8s/job.yaml:3 warning grace-too-short',
    'k8s/web.yaml:3 error grace-too-short',
  ])
})

test('a program in a loop needs no exec', () => {
  const dockerfile = (command: string) => ({
    Dockerfile: `FROM node:22\nWORKDIR /app\nCOPY . .\nCMD ["sh", "-c", "${command}"]\n`,
  })
  expect(severities(dockerfile('while true; do node cron.js; sleep 60; done'))).toEqual([])
  expect(severities(dockerfile('until nc -z db 5432; do sleep 1; done; node server.js'))).toEqual([
    'Dockerfile:4 error shell-in-front',
  ])
})
