// What the fake timers of the runner reach: what waits is started, and then the timers are moved.

check('reach', async () => {
  timers.on()
  const [date, moment] = [Date.now(), performance.now()]
  const fired = new Set()
  const note = (name) => () => void fired.add(name)
  setTimeout(note('`setTimeout()`'), 1000)
  setInterval(note('`setInterval()`'), 1000)
  namedTimeout(note("`import { setTimeout } from 'node:timers'`"), 1000)
  timersModule.setTimeout(note("`import timers from 'node:timers'`"), 1000)
  void namedSleep(1000).then(note("`import { setTimeout } from 'node:timers/promises'`"))
  void promisesModule.setTimeout(1000).then(note("`import timers from 'node:timers/promises'`"))
  AbortSignal.timeout(1000).addEventListener('abort', note('`AbortSignal.timeout()`'))
  setImmediate(note('`setImmediate()`'))
  process.nextTick(note('`process.nextTick()`'))
  queueMicrotask(note('`queueMicrotask()`'))
  // Some milliseconds of real time, without a timer.
  for (let n = 0; n < 20; n++) await access('.')
  const early = new Set(fired)
  await timers.advance(1500)
  for (let n = 0; n < 20; n++) await access('.')
  if (Date.now() - date >= 1500) fired.add('`Date`')
  if (performance.now() - moment >= 1500) fired.add('`performance.now()`')
  timers.off()
  record([...fired].filter((name) => !early.has(name)))
})
