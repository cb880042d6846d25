/** What the failure of each wrong expectation of `texts/wrong.mjs` says first. */
export const EXPECTED: Readonly<Record<string, string>> = {
  'phases in the wrong order':
    "Expected the hooks to run in the order events → (http, jobs), but 'http' is in the phase drain, which runs before the phase flush of 'events' ('http' began at 0 ms, and 'events' ran from 6.08 s to 6.18 s).",
  'one phase':
    "Expected the hooks to run in the order jobs → http, but 'jobs' and 'http' are both in the phase drain, and the hooks of one phase run together ('http' began at 0 ms, and 'jobs' ran from 0 ms to 2 s). To run 'jobs' before 'http', give it an earlier phase.",
  'mocks that take no time':
    "Expected the hooks to run in the order postgres → redis, but 'postgres' and 'redis' are both in the phase close, and the hooks of one phase run together ('redis' began at 6.18 s, and 'postgres' ran from 6.18 s to 6.18 s). To run 'postgres' before 'redis', give it an earlier phase.",
  'ended by its limit':
    "Expected the hooks to run in the order http → postgres, but 'http' was cut off at 6.08 s: it may still have been at work when 'postgres' began. If the order alone counts, pass { endedBy: 'any' }.",
  'ended by an error':
    "Expected the hooks to run in the order events → postgres, but 'events' failed at 6.18 s (Error: disk full): it had not done its work when 'postgres' began. If the order alone counts, pass { endedBy: 'any' }.",
  apart:
    "Expected 'http' and 'jobs' and 'postgres' to run together, but 'http' is in the phase drain and 'postgres' is in the phase close, and phases run one after another ('postgres' began at 6.18 s, and 'http' ran from 0 ms to 6.08 s).",
  'not cut off': "Expected 'jobs' to be cut off, but it was done after 2 s of 6.08 s.",
  'too little time': "Expected 'events' to have at least 3 s, but its limit was 2.01 s.",
  'not clean': "Expected the shutdown to end clean, but 'http' (drain) was cut off after 6.08 s.",
  'too little headroom':
    "Expected the shutdown to end clean, with 30 % of each limit left, but 'jobs' (drain) took 6 s of its limit of 8.09 s, and left 25 %.",
  'too long': 'Expected the shutdown to end within 5 s, but it took 7 s.',
  'a plan that does not fit':
    "Expected the shutdown to fit in 8 s, but it may take 9.01 s: 'postgres' may end at 7.01 s, and the margin is 2 s.",
  'no report':
    "There is no report: the shutdown is not over, has not begun, or was forced to exit. Write `const report = await app.run('SIGTERM')`.",
  'no such hook': "There is no hook 'mysql' in the report. It has 'jobs', 'postgres'.",
  'real work that was cut off':
    "Expected the shutdown to end clean, but 'log' (close) was cut off after 9 s. Hint: 'log' was cut off while real work was going on",
  'matcher: phases in the wrong order':
    "Expected the hooks to run in the order events → http, but 'http' is in the phase drain, which runs before the phase flush of 'events' ('http' began at 0 ms, and 'events' ran from 6.08 s to 6.18 s).",
  'matcher: cut off, with not': "Expected 'http' not to be cut off, but it was, after 6.08 s.",
  'matcher: not clean':
    "Expected the shutdown to end clean, but 'http' (drain) was cut off after 6.08 s.",
  'matcher: a plan that does not fit':
    "Expected the shutdown to fit in 8 s, but it may take 9.01 s: 'postgres' may end at 7.01 s, and the margin is 2 s.",
  'matcher: a promise of a report': 'Expected the shutdown to end within 5 s, but it took 7 s.',
}
