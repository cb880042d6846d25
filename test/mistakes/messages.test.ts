import { execFileSync, spawn } from 'node:child_process'
import cluster from 'node:cluster'
import { createServer } from 'node:http'
import { MessageChannel } from 'node:worker_threads'
import express from 'express'
import fastify from 'fastify'
import { createShutdown, formatReport } from 'lastcall'
import {
  expressShutdown,
  healthChecks,
  httpServer,
  requestSignal,
  webSocketServer,
} from 'lastcall/http'
import { createTestShutdown, expectCleanEnd, expectEndWithin, expectOrder } from 'lastcall/testing'
import {
  childProcess,
  clusterWorkers,
  supervise,
  taskTracker,
  workerThread,
} from 'lastcall/workers'
import { expect, test } from 'vitest'

class Pool {
  end() {}
}

const shutdown = () => createShutdown({ grace: '10s', log: false })
const child = () => spawn(process.execPath, ['-e', '0'])

/** Two hooks with one name. */
function twice() {
  const one = shutdown()
  one.add('postgres', () => {})
  one.add('postgres', () => {})
}

/** Two reserves that do not fit the budget. */
function late(phase: string, reserve: `${number}s`) {
  const one = shutdown()
  one.add('a', () => {}, { phase, reserve })
  one.add('b', () => {}, { reserve })
}

function listenTwice() {
  const { shutdown } = createTestShutdown()
  shutdown.listen()
  shutdown.listen()
}

const run = createTestShutdown({ grace: '10s' })
run.shutdown.add('http', () => {}, { phase: 'drain' })
run.shutdown.add('postgres', () => {})
run.shutdown.listen()
const report = await run.run('SIGTERM')

/** What a beginner writes, and the whole message that says what to write. */
const MISTAKES: readonly [() => unknown, string][] = [
  // createShutdown()
  [
    () => createShutdown('10s' as never),
    "createShutdown(): Expected `options` to be an object such as { grace: '10s' }, got '10s' (string).",
  ],
  [
    () => createShutdown(10_000 as never),
    "createShutdown(): Expected `options` to be an object such as { grace: '10s' }, got 10000 (number).",
  ],
  [
    () => createShutdown(null as never),
    "createShutdown(): Expected `options` to be an object such as { grace: '10s' }, got null.",
  ],
  [
    () => createShutdown({ gracePeriod: '30s' } as never),
    'createShutdown(): Unknown option `gracePeriod`. Did you mean `grace`? The options are name, grace, margin, phases, signals, exitCodes, exit, faults, beforeExit, messages, watchdog, log.',
  ],
  [
    () => createShutdown({ timeout: '30s' } as never),
    'createShutdown(): Unknown option `timeout`. Did you mean `grace`? The options are name, grace, margin, phases, signals, exitCodes, exit, faults, beforeExit, messages, watchdog, log.',
  ],
  [
    () => createShutdown({ terminationGracePeriodSeconds: 30 } as never),
    'createShutdown(): Unknown option `terminationGracePeriodSeconds`. Did you mean `grace`? The options are name, grace, margin, phases, signals, exitCodes, exit, faults, beforeExit, messages, watchdog, log.',
  ],
  [
    () => createShutdown({ logger: console } as never),
    'createShutdown(): Unknown option `logger`. Did you mean `log`? The options are name, grace, margin, phases, signals, exitCodes, exit, faults, beforeExit, messages, watchdog, log.',
  ],
  [
    () => createShutdown({ Grace: '10s' } as never),
    'createShutdown(): Unknown option `Grace`. Did you mean `grace`? The options are name, grace, margin, phases, signals, exitCodes, exit, faults, beforeExit, messages, watchdog, log.',
  ],
  [
    () => createShutdown({ signal: ['SIGTERM'] } as never),
    'createShutdown(): Unknown option `signal`. Did you mean `signals`? The options are name, grace, margin, phases, signals, exitCodes, exit, faults, beforeExit, messages, watchdog, log.',
  ],
  [
    () => createShutdown({ forceOn: ['SIGINT'] } as never),
    'createShutdown(): Unknown option `forceOn`. It is part of `signals`: write signals: { forceOn: … }. The options are name, grace, margin, phases, signals, exitCodes, exit, faults, beforeExit, messages, watchdog, log.',
  ],
  [
    () => createShutdown({ exitCode: { clean: 0 } } as never),
    'createShutdown(): Unknown option `exitCode`. Did you mean `exitCodes`? The options are name, grace, margin, phases, signals, exitCodes, exit, faults, beforeExit, messages, watchdog, log.',
  ],
  [
    () => createShutdown({ onShutdown: () => {} } as never),
    'createShutdown(): Unknown option `onShutdown`. The options are name, grace, margin, phases, signals, exitCodes, exit, faults, beforeExit, messages, watchdog, log.',
  ],
  [
    () => createShutdown({ grace: 10 }),
    "createShutdown(): `grace` is 10 ms (a number is milliseconds: for 10 seconds write '10s'). Expected it to be longer than the margin of 100 ms (the default). Nothing would be left for the hooks.",
  ],
  [
    () => createShutdown({ grace: '10 seconds' }),
    "createShutdown(): Expected `grace` to be a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '10 seconds' (string). Write '10s'.",
  ],
  [
    () => createShutdown({ grace: '10' }),
    "createShutdown(): Expected `grace` to be a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '10' (string). Write 10 for milliseconds or '10s' for seconds.",
  ],
  [
    () => createShutdown({ grace: '10S' }),
    "createShutdown(): Expected `grace` to be a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '10S' (string). Write '10s'.",
  ],
  [
    () => createShutdown({ grace: 'soon' }),
    "createShutdown(): Expected `grace` to be a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got 'soon' (string).",
  ],
  [
    () => createShutdown({ grace: '' }),
    "createShutdown(): Expected `grace` to be a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '' (string).",
  ],
  [
    () => createShutdown({ grace: Number.NaN }),
    "createShutdown(): Expected `grace` to be a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got NaN (number).",
  ],
  [
    () => createShutdown({ grace: -5 }),
    "createShutdown(): Expected `grace` to be a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got -5 (number).",
  ],
  [
    () => createShutdown({ grace: null as never }),
    "createShutdown(): Expected `grace` to be a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got null.",
  ],
  [
    () => createShutdown({ margin: '1s', grace: '1s' }),
    "createShutdown(): Expected `margin` to be smaller than the grace of 1 s, got 1 s. Nothing would be left for the hooks: give a longer `grace` (a number is milliseconds: for ten seconds write '10s') or a smaller `margin`.",
  ],
  [
    () => createShutdown({ margin: '2 sec' }),
    "createShutdown(): Expected `margin` to be a duration of 0 or more and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '2 sec' (string). Write '2s'.",
  ],
  [
    () => createShutdown({ signals: 'SIGTERM' as never }),
    "createShutdown(): Expected `signals` to be an array of signals, such as ['SIGTERM', 'SIGINT'], or an object such as { on: ['SIGTERM', 'SIGINT'] }, got 'SIGTERM' (string). Write ['SIGTERM'].",
  ],
  [
    () => createShutdown({ signals: ['SIGTREM' as never] }),
    "createShutdown(): Expected `signals` to be an array of signals that exist, such as SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGBREAK, got 'SIGTREM' (string). Did you mean 'SIGTERM'?",
  ],
  [
    () => createShutdown({ signals: ['sigterm' as never] }),
    "createShutdown(): Expected `signals` to be an array of signals that exist, such as SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGBREAK, got 'sigterm' (string). Did you mean 'SIGTERM'?",
  ],
  [
    () => createShutdown({ signals: ['TERM' as never] }),
    "createShutdown(): Expected `signals` to be an array of signals that exist, such as SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGBREAK, got 'TERM' (string). Did you mean 'SIGTERM'?",
  ],
  [
    () => createShutdown({ signals: ['SIGKILL'] }),
    "createShutdown(): `signals` cannot hold 'SIGKILL': the kernel lets no process catch it. Use one of SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGBREAK.",
  ],
  [
    () => createShutdown({ signals: ['SIGUSR1'] }),
    "createShutdown(): `signals` cannot hold 'SIGUSR1': Node's debugger listens to it. Use one of SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGBREAK.",
  ],
  [
    () => createShutdown({ signals: { ons: ['SIGTERM'] } as never }),
    'createShutdown(): Unknown option `ons` of `signals`. Did you mean `on`? The options are on, forceOn, samePressWithin, others, othersWithin.',
  ],
  [
    () => createShutdown({ signals: { forceon: ['SIGINT'] } as never }),
    'createShutdown(): Unknown option `forceon` of `signals`. Did you mean `forceOn`? The options are on, forceOn, samePressWithin, others, othersWithin.',
  ],
  [
    () => createShutdown({ signals: { forceOn: ['SIGHUP'] } }),
    "createShutdown(): Expected `signals.forceOn` to be some of `signals.on` (SIGTERM, SIGINT), got 'SIGHUP' (string).",
  ],
  [
    () => createShutdown({ signals: { others: 'before' as never } }),
    "createShutdown(): Expected `signals.others` to be one of beside, after, got 'before' (string).",
  ],
  [
    () => createShutdown({ signals: { othersWithin: '1s' } }),
    "createShutdown(): Expected `signals.othersWithin` to be given with others: 'after' only, got '1s' (string).",
  ],
  [
    () => createShutdown({ exitCodes: { error: 1 } as never }),
    'createShutdown(): Unknown option `error` of `exitCodes`. Did you mean `fault`? The options are clean, failed, deadline, fault, forced, undelivered.',
  ],
  [
    () => createShutdown({ exitCodes: { success: 0 } as never }),
    'createShutdown(): Unknown option `success` of `exitCodes`. Did you mean `clean`? The options are clean, failed, deadline, fault, forced, undelivered.',
  ],
  [
    () => createShutdown({ exitCodes: { clean: 256 } }),
    "createShutdown(): Expected `exitCodes.clean` to be an integer from 0 to 255 (the kernel keeps 8 bits: 256 would read as 0) or 'signal', got 256 (number).",
  ],
  [
    () => createShutdown({ exitCodes: { failed: 'signal' as never } }),
    "createShutdown(): Expected `exitCodes.failed` to be an integer from 0 to 255 (the kernel keeps 8 bits: 256 would read as 0), got 'signal' (string).",
  ],
  [
    () => createShutdown({ exitCodes: 1 as never }),
    "createShutdown(): Expected `exitCodes` to be an object such as { deadline: 1, clean: 'signal' }, got 1 (number).",
  ],
  [
    () => createShutdown({ log: 'warn' as never }),
    "createShutdown(): Expected `log` to be false, 'text', 'json', an object { format, level }, or a logger such as pino's with info(), warn() and error(), got 'warn' (string). Write { level: 'warn' }.",
  ],
  [
    () => createShutdown({ log: true as never }),
    "createShutdown(): Expected `log` to be false, 'text', 'json', an object { format, level }, or a logger such as pino's with info(), warn() and error(), got true (boolean).",
  ],
  [
    () => createShutdown({ log: { level: 'warning' as never } }),
    "createShutdown(): Expected `log.level` to be one of debug, info, warn, error, got 'warning' (string). Did you mean 'warn'?",
  ],
  [
    () => createShutdown({ log: { lvl: 'warn' } as never }),
    'createShutdown(): Unknown option `lvl` of `log`. The options are format, level.',
  ],
  [
    () => createShutdown({ log: { format: 'xml' as never } }),
    "createShutdown(): Expected `log.format` to be one of text, json, got 'xml' (string).",
  ],
  [
    () => createShutdown({ log: { info() {}, error() {} } as never }),
    "createShutdown(): Expected `log` to be false, 'text', 'json', an object { format, level }, or a logger such as pino's with info(), warn() and error(), got an object (Object). This one has no warn().",
  ],
  [
    () => createShutdown({ phases: ['warm-down'] as never }),
    "createShutdown(): Expected `phases` to be an object of names and priorities, such as { 'warm-down': 350 }, got an array of 1.",
  ],
  [
    () => createShutdown({ phases: { 'warm-down': 'high' as never } }),
    "createShutdown(): Expected `phases.warm-down` to be a finite number (higher runs first; drain is 400, stop is 300), got 'high' (string).",
  ],
  [
    () => createShutdown({ phases: { 'warm-down': { prio: 350 } as never } }),
    'createShutdown(): Unknown option `prio` of `phases.warm-down`. The options are priority, reserve.',
  ],
  [
    () => createShutdown({ phases: { 'warm-down': { priority: 350, reserve: '2 min' } } }),
    "createShutdown(): Expected `phases.warm-down.reserve` to be a duration of 0 or more and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '2 min' (string). Write '2m'.",
  ],
  [
    () => createShutdown({ exit: 'yes' as never }),
    "createShutdown(): Expected `exit` to be true or false, got 'yes' (string).",
  ],
  [
    () => createShutdown({ watchdog: 0 as never }),
    'createShutdown(): Expected `watchdog` to be true or false, got 0 (number).',
  ],
  [
    () => createShutdown({ faults: 'always' as never }),
    "createShutdown(): Expected `faults` to be true, false or { unhandledRejection: 'always' }, got 'always' (string).",
  ],
  [
    () => createShutdown({ messages: 'shutdown' as never }),
    "createShutdown(): Expected `messages` to be an array of strings, such as ['shutdown'], got 'shutdown' (string).",
  ],
  [
    () => createShutdown({ name: '' }),
    "createShutdown(): Expected `name` to be a string that is not empty, got '' (string).",
  ],
  // add()
  [
    () => shutdown().add(undefined as never),
    'add(): Expected `hook` to be an object { name, phase, run }, several of them, or something with Symbol.asyncDispose, got undefined.',
  ],
  [
    () => shutdown().add((async () => {}) as never),
    "add(): Expected `hook` to be an object { name, phase, run }, several of them, or something with Symbol.asyncDispose, got a function. Write shutdown.add('…', () => …).",
  ],
  [
    () => shutdown().add(function closePool() {} as never),
    "add(): Expected `hook` to be an object { name, phase, run }, several of them, or something with Symbol.asyncDispose, got a function named closePool. Write shutdown.add('closePool', closePool).",
  ],
  [
    () => shutdown().add('postgres' as never),
    "add(): Expected `run of hook 'postgres'` to be a function, got undefined. Write shutdown.add('postgres', () => …).",
  ],
  [
    () => shutdown().add('postgres', Promise.resolve() as never),
    "add(): Expected `run of hook 'postgres'` to be a function, got an object (Promise). The shutdown calls it, not the caller of add(). Write shutdown.add('postgres', () => …).",
  ],
  [
    () => shutdown().add('', () => {}),
    "add(): Expected `hook.name` to be a string that is not empty, got '' (string). Write add('postgres', () => pool.end()), or { name: 'postgres', phase: 'close', run }.",
  ],
  [
    () => shutdown().add('postgres', { phase: 'close' } as never, (() => {}) as never),
    "add(): Expected `run of hook 'postgres'` to be a function, got an object (Object). Write shutdown.add('postgres', () => …).",
  ],
  [
    () => shutdown().add('postgres', () => {}, { phase: 'drian' }),
    "add(): Unknown phase 'drian' of hook 'postgres'. Did you mean 'drain'? The phases are announce (600), deregister (500), unbind (450), drain (400), stop (300), flush (200), close (100). Name one of them, give a `priority` instead, or add a phase with createShutdown({ phases }).",
  ],
  [
    () => shutdown().add('postgres', () => {}, { phase: 'Close' }),
    "add(): Unknown phase 'Close' of hook 'postgres'. Did you mean 'close'? The phases are announce (600), deregister (500), unbind (450), drain (400), stop (300), flush (200), close (100). Name one of them, give a `priority` instead, or add a phase with createShutdown({ phases }).",
  ],
  [
    () => shutdown().add('postgres', () => {}, { phase: 'shutdown' }),
    "add(): Unknown phase 'shutdown' of hook 'postgres'. Did you mean 'close'? The phases are announce (600), deregister (500), unbind (450), drain (400), stop (300), flush (200), close (100). Name one of them, give a `priority` instead, or add a phase with createShutdown({ phases }).",
  ],
  [
    () => shutdown().add('postgres', () => {}, 'close' as never),
    "add(): Expected `options of hook 'postgres'` to be an object such as { phase: 'flush' }, got 'close' (string).",
  ],
  [
    () => shutdown().add('postgres', () => {}, { phaze: 'close' } as never),
    "add(): Unknown option `phaze` of hook 'postgres'. Did you mean `phase`? The options are phase, priority, timeout, reserve.",
  ],
  [
    () => shutdown().add('postgres', () => {}, { stopWait: '5s' } as never),
    "add(): Unknown option `stopWait` of hook 'postgres'. Did you mean `timeout`? The options are phase, priority, timeout, reserve.",
  ],
  [
    () => shutdown().add('postgres', () => {}, { timeout: '5 s' }),
    "add(): Expected `timeout of hook 'postgres'` to be a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '5 s' (string). Write '5s'.",
  ],
  [
    () => shutdown().add('postgres', () => {}, { timeout: '1s', reserve: '2s' }),
    "add(): Expected `reserve of hook 'postgres'` to be at most its timeout of 1000 ms: more could never be used, got '2s' (string).",
  ],
  [
    () => shutdown().add('postgres', () => {}, { phase: 'close', priority: 5 }),
    "add(): Expected `phase of hook 'postgres'` to be given, or `priority` in its place, and not both (phases: announce, deregister, unbind, drain, stop, flush, close), got 'close' (string).",
  ],
  [
    () => shutdown().add('postgres', () => {}, { priority: 'high' as never }),
    "add(): Expected `priority of hook 'postgres'` to be a finite number (higher runs first; drain is 400, stop is 300), got 'high' (string).",
  ],
  [
    () => shutdown().add('events', () => {}, { reserve: '1h' }),
    "add(): Expected `reserve of hook 'events'` to be a duration of 0 or more and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '1h' (string).",
  ],
  [
    () => shutdown().add({ name: 'postgres', phase: 'close', handler: () => {} } as never),
    "add(): Unknown option `handler` of hook 'postgres'. Did you mean `run`? The options are name, phase, priority, run, timeout, reserve.",
  ],
  [
    () => shutdown().add({ name: 'postgres', run: () => {} } as never),
    "add(): Expected `phase of hook 'postgres'` to be given, or `priority` in its place, and not both (phases: announce, deregister, unbind, drain, stop, flush, close), got undefined.",
  ],
  [
    () => shutdown().add({ name: 'postgres', phase: 'close' } as never),
    "add(): Expected `run of hook 'postgres'` to be a function, got undefined.",
  ],
  [
    () => shutdown().add({ phase: 'close', run: () => {} } as never),
    "add(): Expected `hook.name` to be a string that is not empty, got undefined. Write add('postgres', () => pool.end()), or { name: 'postgres', phase: 'close', run }.",
  ],
  [
    () => shutdown().add(new Pool() as never),
    "add(): Got a Pool that is no hook. Write shutdown.add('pool', () => pool.end()).",
  ],
  [
    () => shutdown().add({ $disconnect() {} } as never),
    "add(): Got an object that is no hook. Write shutdown.add('client', () => client.$disconnect()).",
  ],
  [
    () => shutdown().add(createServer() as never),
    "add(): Expected `resource` to be a resource that can be disposed of when all requests and jobs are over, got an object (Server). A server has to be drained before: add httpServer(server), from 'lastcall/http'.",
  ],
  [
    () => shutdown().add([{ name: 'a', phase: 'drain', run: 5 }] as never),
    "add(): Expected `run of hook 'a'` to be a function, got 5 (number).",
  ],
  [
    () => twice(),
    "add(): There is a hook named 'postgres' already. Names are unique, so that a report says which one failed: give this one another; adapters take one as an option, as in httpServer(server, { name: 'admin' }).",
  ],
  [
    () => late('announce', '8s'),
    'add(): The reserves add up to 16 s (announce 8 s + close 8 s), more than the budget of 9 s (grace 10 s − margin 1 s). Reserve less, or give a longer `grace` if the platform grants one.',
  ],
  // other members of the shutdown
  [
    () => shutdown().now(5 as never),
    'now(): Expected `reason` to be a string, or nothing, got 5 (number).',
  ],
  [
    () => shutdown().on('finish' as never, () => {}),
    "on(): Unknown event 'finish' (string). Did you mean 'end'? The events are start, phase:start, hook:start, hook:note, hook:end, phase:end, repeat, forced, fault, end, exit, event.",
  ],
  [
    () => shutdown().on('Exit' as never, () => {}),
    "on(): Unknown event 'Exit' (string). Did you mean 'exit'? The events are start, phase:start, hook:start, hook:note, hook:end, phase:end, repeat, forced, fault, end, exit, event.",
  ],
  [
    () => shutdown().on('phase-start' as never, () => {}),
    "on(): Unknown event 'phase-start' (string). Did you mean 'phase:start'? The events are start, phase:start, hook:start, hook:note, hook:end, phase:end, repeat, forced, fault, end, exit, event.",
  ],
  [
    () => shutdown().on('SIGTERM' as never, () => {}),
    "on(): Unknown event 'SIGTERM' (string). The events are start, phase:start, hook:start, hook:note, hook:end, phase:end, repeat, forced, fault, end, exit, event.",
  ],
  [
    () => shutdown().on('end', undefined as never),
    "on(): Expected `listener` to be a function, got undefined. Write on('end', (event) => …).",
  ],
  [
    () => Reflect.apply(shutdown().listen, null, ['SIGTERM']),
    "listen(): Expected `arguments` to be none, got 'SIGTERM' (string). For other signals write createShutdown({ signals }).",
  ],
  [
    () => listenTwice(),
    'listen(): This shutdown listens already. Call listen() once, or what it returned before calling it again.',
  ],
  [
    () => formatReport(undefined as never),
    'formatReport(): Expected `report` to be the report of a shutdown that is over, got undefined. Write formatReport(await shutdown.now()), or pass the report of the event end.',
  ],
  // httpServer()
  [
    () => httpServer(undefined as never),
    'httpServer(): Expected `server` to be a server of node:http, node:https or node:http2, got undefined. Pass what createServer() of node:http, node:https or node:http2, or app.listen(), returns.',
  ],
  [
    () => httpServer(3000 as never),
    'httpServer(): Expected `server` to be a server of node:http, node:https or node:http2, got 3000 (number). Pass what createServer() of node:http, node:https or node:http2, or app.listen(), returns.',
  ],
  [
    () => httpServer(express() as never),
    'httpServer(): Expected `server` to be a server of node:http, node:https or node:http2, got a function named app. This looks like an Express application: pass what app.listen() returns.',
  ],
  [
    () => httpServer(fastify() as never),
    'httpServer(): Expected `server` to be a server of node:http, node:https or node:http2, got an object (Object). This is a Fastify application: write httpServer(app.server), or app.register(fastifyShutdown, { shutdown }).',
  ],
  [
    () => httpServer({ getHttpServer() {} } as never),
    'httpServer(): Expected `server` to be a server of node:http, node:https or node:http2, got an object (Object). This is a NestJS application: write httpServer(app.getHttpServer()).',
  ],
  [
    () => httpServer(Promise.resolve(createServer()) as never),
    'httpServer(): Expected `server` to be a server of node:http, node:https or node:http2, got an object (Promise). This is a promise: await it, as in httpServer(await server).',
  ],
  [
    () => httpServer({ callback() {}, listen() {} } as never),
    'httpServer(): Expected `server` to be a server of node:http, node:https or node:http2, got an object (Object). This is a Koa application: pass what app.listen() returns.',
  ],
  [
    () => httpServer({ fetch() {} } as never),
    'httpServer(): Expected `server` to be a server of node:http, node:https or node:http2, got an object (Object). This is a Hono application: pass what serve() of @hono/node-server returns.',
  ],
  [
    () => httpServer(createServer(), { health: healthChecks as never }),
    'httpServer(): Expected `health` to be what healthChecks() returns, got a function named healthChecks. Write health: healthChecks().',
  ],
  [
    () => httpServer(createServer(), { health: {} as never }),
    'httpServer(): Expected `health` to be what healthChecks() returns, got an object (Object). Write health: healthChecks().',
  ],
  [
    () => httpServer(createServer(), { health: true as never }),
    'httpServer(): Expected `health` to be what healthChecks() returns, got true (boolean). Write health: healthChecks().',
  ],
  [
    () => httpServer(createServer(), { lameduck: '5s' } as never),
    'httpServer(): Unknown option `lameduck`. Did you mean `lameDuck`? The options are name, phase, health, lameDuck, linger, stragglers, goneClients, refuseWithin, timeout, reserve.',
  ],
  [
    () => httpServer(createServer(), { healthCheck: () => true } as never),
    'httpServer(): Unknown option `healthCheck`. Did you mean `health`? The options are name, phase, health, lameDuck, linger, stragglers, goneClients, refuseWithin, timeout, reserve.',
  ],
  [
    () => httpServer(createServer(), { lameDuck: true as never }),
    "httpServer(): Expected `lameDuck` to be a duration of 0 or more and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got true (boolean).",
  ],
  [
    () => httpServer(createServer(), { lameDuck: { atleast: '5s' } as never }),
    'httpServer(): Unknown option `atleast` of `lameDuck`. Did you mean `atLeast`? The options are atLeast, atMost, probes, quiet.',
  ],
  [
    () => httpServer(createServer(), { lameDuck: { atLeast: '9s', atMost: '5s' } }),
    "httpServer(): Expected `lameDuck.atLeast` to be at most lameDuck.atMost (5000 ms), got '9s' (string).",
  ],
  [
    () => httpServer(createServer(), { linger: '250' }),
    "httpServer(): Expected `linger` to be a duration of 0 or more and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '250' (string). Write 250 for milliseconds or '250s' for seconds.",
  ],
  [
    () => httpServer(createServer(), { timeout: '20 secs' }),
    "httpServer(): Expected `timeout of hook 'http'` to be a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '20 secs' (string). Write '20s'.",
  ],
  [
    () => httpServer(createServer(), 'api' as never),
    "httpServer(): Expected `options` to be an object such as { name: 'http' }, got 'api' (string).",
  ],
  [
    () => expressShutdown(undefined as never),
    'expressShutdown(): Expected `shutdown` to be what createShutdown() returns, got undefined. Write expressShutdown(shutdown).',
  ],
  [
    () => expressShutdown(shutdown(), { lingre: '1s' } as never),
    'expressShutdown(): Unknown option `lingre`. Did you mean `linger`? The options are name, phase, health, lameDuck, linger, stragglers, goneClients, refuseWithin, timeout, reserve.',
  ],
  [
    () => healthChecks({ readiness: '/ready' } as never),
    'healthChecks(): Unknown option `readiness`. Did you mean `readyz`? The options are livez, readyz, ready, log.',
  ],
  [
    () => healthChecks({ readyz: 'ready' }),
    "healthChecks(): Expected `readyz` to be a path that begins with a slash, without a query, such as '/readyz', got 'ready' (string). Write '/ready'.",
  ],
  [
    () => healthChecks({ ready: true as never }),
    'healthChecks(): Expected `ready` to be a function that returns a boolean, or a promise of one, got true (boolean).',
  ],
  [
    () => healthChecks({ livez: '/health', readyz: '/health' }),
    "healthChecks(): Expected `readyz` to be another path than livez: one of them turns 503, the other must not, got '/health' (string).",
  ],
  [
    () => webSocketServer({ send() {} } as never),
    'webSocketServer(): Expected `sockets` to be a WebSocketServer of ws, got an object (Object). Pass the WebSocketServer of ws.',
  ],
  [
    () => webSocketServer(undefined as never),
    'webSocketServer(): Expected `sockets` to be a WebSocketServer of ws, got undefined. Pass the WebSocketServer of ws.',
  ],
  [
    () => requestSignal({} as never),
    'requestSignal(): Expected `request` to be the request that a handler is given, got an object (Object). Pass the first argument of the handler.',
  ],
  // workers
  [
    () => childProcess('node x.js' as never),
    "childProcess(): Expected what spawn(), fork() or execFile() of node:child_process return, got 'node x.js' (string). Write childProcess(spawn('node', ['worker.js'])).",
  ],
  [
    () => childProcess(child(), { stopsignal: 'SIGINT' } as never),
    'childProcess(): Unknown option `stopsignal`. Did you mean `stopSignal`? The options are name, phase, stopSignal, stopMessage, stopWait, group, exitCodes, reserve.',
  ],
  [
    () => childProcess(child(), { stopSignal: 'INT' as never }),
    "childProcess(): Expected `stopSignal` to be the name of a signal, such as 'SIGTERM' or 'SIGQUIT', got 'INT' (string). Write 'SIGINT'.",
  ],
  [
    () => childProcess(child(), { timeout: '5s' } as never),
    'childProcess(): Unknown option `timeout`. Did you mean `stopWait`? The options are name, phase, stopSignal, stopMessage, stopWait, group, exitCodes, reserve.',
  ],
  [
    () => childProcess(child(), { group: 'yes' as never }),
    "childProcess(): Expected `group` to be true or false, got 'yes' (string).",
  ],
  [
    () => workerThread(new MessageChannel() as never),
    "workerThread(): Expected a Worker of node:worker_threads, got an object (MessageChannel). Write workerThread(new Worker('./worker.js')).",
  ],
  [
    () => workerThread('./worker.js' as never),
    "workerThread(): Expected a Worker of node:worker_threads, got './worker.js' (string). Write workerThread(new Worker('./worker.js')).",
  ],
  [
    () => clusterWorkers(undefined as never),
    "clusterWorkers(): Expected `cluster` to be that of node:cluster, in its primary, got undefined. Write import cluster from 'node:cluster', and clusterWorkers(cluster).",
  ],
  [
    () => clusterWorkers(cluster, { stopTimeout: '5s' } as never),
    'clusterWorkers(): Unknown option `stopTimeout`. Did you mean `stopWait`? The options are name, phase, stopMessage, stopWait, startWait, exitCodes, fork, reserve.',
  ],
  [
    () => taskTracker('jobs' as never),
    "taskTracker(): Expected `options` to be an object such as { name: 'jobs' }, got 'jobs' (string).",
  ],
  [
    () => taskTracker({ nmae: 'jobs' } as never),
    'taskTracker(): Unknown option `nmae`. Did you mean `name`? The options are name, phase, timeout, reserve.',
  ],
  [
    () => taskTracker().run(Promise.resolve() as never),
    'run(): Expected `work` to be a function, got an object (Promise). Write run(async () => …).',
  ],
  [
    () => supervise('node web.js' as never),
    "supervise(): Expected `programs` to be an array of programs, such as [{ name: 'web', command: 'node', args: ['web.js'] }], got 'node web.js' (string).",
  ],
  [
    () => supervise([{ name: 'web', cmd: 'node' } as never]),
    'supervise(): Unknown option `cmd` of `programs[0]`. Did you mean `command`? The options are name, command, args, env, cwd, instances, priority, stopSignal, stopWait, group, restart, exitCodes, startFor, startRetries, backoff.',
  ],
  [
    () => supervise([{ name: 'web', command: 'node', args: 'web.js' as never }]),
    "supervise(): Expected `programs[0].args` to be an array of strings, such as ['web.js', '--port', '3000'], got a string.",
  ],
  [
    () => supervise([{ name: 'web', command: 'node', restart: 'Always' as never }]),
    "supervise(): Expected `programs[0].restart` to be one of always, unexpected, never, got 'Always' (string). Did you mean 'always'?",
  ],
  [
    () => supervise([{ name: 'web', command: 'node', instances: '2' as never }]),
    "supervise(): Expected `programs[0].instances` to be an integer of 1 or more, got '2' (string).",
  ],
  [
    () => supervise([{ name: 'web', command: 'node', backoff: { initail: '1s' } as never }]),
    'supervise(): Unknown option `initail` of `programs[0].backoff`. Did you mean `initial`? The options are initial, max, resetAfter.',
  ],
  [
    () => supervise([{ name: 'web', command: 'node' }], { exitOn: 'Fatal' as never }),
    "supervise(): Expected `exitOn` to be one of all, fatal, any, got 'Fatal' (string). Did you mean 'fatal'?",
  ],
  // testing
  [
    () => createTestShutdown({ gracePeriod: '10s' } as never),
    'createTestShutdown(): Unknown option `gracePeriod`. Did you mean `grace`? The options are name, grace, margin, phases, signals, exitCodes, exit, faults, beforeExit, messages, watchdog, log, env, terminal, advanceTimers.',
  ],
  [
    () => createTestShutdown({ env: { PORT: 3000 } as never }),
    "createTestShutdown(): Expected `env` to be an object of strings, such as { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, got an object (Object).",
  ],
  [
    () => createTestShutdown().signal('SIGTREM' as never),
    "signal(): Expected `signal` to be a signal that a program can hear, such as SIGTERM, got 'SIGTREM' (string). Did you mean 'SIGTERM'?",
  ],
  [
    () => createTestShutdown().advance('3 seconds'),
    "advance(): Expected `duration` to be a duration of 0 or more and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '3 seconds' (string). Write '3s'.",
  ],
  [
    () => expectOrder(report, 'http' as never),
    "expectOrder(): Expected `order` to be an array of names, such as ['http', 'postgres'], got 'http' (string).",
  ],
  [
    () => expectOrder(report, ['http', 'postgres'], { endedBy: 'Done' as never }),
    "expectOrder(): Expected `endedBy` to be one of done, any, got 'Done' (string). Did you mean 'done'?",
  ],
  [
    () => expectEndWithin(report, '5 sec'),
    "expectEndWithin(): Expected `atMost` to be a duration of at least 1 ms and at most 2147483647 ms: milliseconds, or a string such as '10s', '1.5s', '250ms' or '2m', got '5 sec' (string). Write '5s'.",
  ],
  [
    () => expectCleanEnd(report, { headroom: '20%' as never }),
    "expectCleanEnd(): Expected `headroom` to be a number of per cent, from 0 to 99, got '20%' (string).",
  ],
]

const NAMES = MISTAKES.map(([mistake, message]) => ({ mistake, message, code: String(mistake) }))

test.each(NAMES)('$message', async ({ mistake, message }) => {
  await expect(async () => mistake()).rejects.toMatchObject({ name: 'LastcallError', message })
})

test('there are at least 100 of them, and none is listed twice', () => {
  expect(new Set(NAMES.map(({ code }) => code)).size).toBe(MISTAKES.length)
  expect(MISTAKES.length).toBeGreaterThanOrEqual(100)
})

test.each(NAMES)('names the call, the rule and the value or the fix: $message', ({ message }) => {
  expect(message).toMatch(/^[a-zA-Z]+\(\): [A-Z`]/)
  // Lists of names may be longer.
  const withoutLists = message.replace(/(The (options|phases|events) are|one of) [^.]*/, '')
  expect(withoutLists.length).toBeLessThan(300)
  expect(message).not.toMatch(/is to be|whoever|\bof its own\b/)
  const says =
    /got .+|Unknown \w+ .+[.?] The \w+ are|cannot hold '|is \d+ ms|Got an? |There is a hook named|add up to|listens already/
  expect(message).toMatch(says)
})

test.each([
  [
    'createShutdown({ grace: 500 })',
    ['`grace` of createShutdown() is 500 ms', "'500s'", "'500ms'"],
  ],
  ['createShutdown({ grace: 5000, margin: 2 })', ['`margin` of createShutdown() is 2 ms', "'2s'"]],
  [
    "createShutdown().add('pg', () => {}, { timeout: 5 })",
    ["`timeout` of hook 'pg' is 5 ms", "'5s'"],
  ],
  ["createShutdown().add('pg', () => {}, { reserve: 0.2 })", ["`reserve` of hook 'pg' is 0.2 ms"]],
])('%s warns once that a number is milliseconds', (code, parts) => {
  const lines = stderrOf(code)
    .split('\n')
    .filter((line) => line.includes('milliseconds'))
  expect(lines).toHaveLength(1)
  for (const part of parts) expect(lines[0]).toContain(part)
})

test.each([
  'createShutdown({ grace: 10_000 })',
  "createShutdown({ grace: '500ms', margin: '50ms' })",
  'createShutdown({ grace: 2000, margin: 0 })',
  "createShutdown().add('pg', () => {}, { timeout: '5ms', reserve: 0 })",
  "createShutdown().add(httpServer(createServer(), { timeout: '50ms' }))",
])('%s says nothing of milliseconds', (code) => {
  expect(stderrOf(code)).not.toContain('milliseconds')
})

/** What the program writes to stderr. It is no test run: those have no such warnings. */
function stderrOf(code: string): string {
  const program = `import { createServer } from 'node:http'
import { createShutdown } from 'lastcall'
import { httpServer } from 'lastcall/http'
${code}`
  const { NODE_ENV, VITEST, ...env } = process.env
  const command = `${process.execPath} --input-type=module 2>&1`
  return execFileSync('sh', ['-c', command], { input: program, env, encoding: 'utf8' })
}
