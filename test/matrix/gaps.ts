/** Something that a runtime cannot do. The documents tell it, and a run finds out when it is over. */
export interface Gap {
  readonly runtime: string
  /** Names of features. */
  readonly features: readonly string[]
  /** Whether it depends on the moment: then a run in which it works proves nothing. */
  readonly atTimes?: true
  /** In a few words. */
  readonly title: string
  /** What was seen. */
  readonly why: string
  /** What a user does about it. */
  readonly instead: string
}

export const GAPS: readonly Gap[] = [
  {
    runtime: 'Bun',
    features: ['with a channel of messages, `listen()` keeps no process alive'],
    title: 'a parent with a channel keeps the process alive',
    why: "A listener for messages holds the process for as long as the channel is open. Node and Deno let a listener be left out of that count (`process.channel.unrefCounted()`); Bun 1.4.5 has only `process.channel.unref()`, which would overrule the application's own listeners, so the library leaves it alone.",
    instead:
      'It concerns programs that were started with an IPC channel and should end by themselves. Where the parent sends no stop message give `messages: []`, or call `process.channel.unref()` yourself.',
  },
  {
    runtime: 'Bun',
    features: [
      '1 MB on stdout arrives whole at a slow reader',
      '1 MB on stderr arrives whole at a slow reader',
    ],
    title: 'what is left in stdout and stderr is lost',
    why: 'What a pipe does not take at once is invisible in Bun 1.4.5: after a write of 1 MB `process.stdout.writableLength` is 0, and the callback of a further, empty write is called before the data has left. So the library cannot tell that anything is unwritten, and `process.exit()` drops it. Of 1 MB 250 to 480 KB arrived.',
    instead:
      'What is written with a callback can be waited for: in a hook of `flush`, `run: () => new Promise((resolve) => process.stdout.write(text, resolve))`. Files and terminals are not concerned, nor is what fits into the pipe, 64 KiB.',
  },
  {
    runtime: 'Bun',
    features: ['keep-alive clients under load: no request is lost', 'the same over TLS'],
    atTimes: true,
    title: 'requests on kept-alive connections are lost at the end',
    why: 'In Bun 1.4.5 `server.close()` of node:http closes every connection that is idle in that instant, natively: replacing `closeIdleConnections()`, which keeps them in Node, has no effect. A request that is on its way then is lost, up to one for each client: 20 of 240, with 20 clients that never stop. Requests in flight are answered, and new connections are refused.',
    instead:
      'Have a proxy or load balancer before it that sends requests of idle connections again, or takes the instance out first: with `lameDuck` of `httpServer()` as long as that takes. Where no request may be lost, run the server on Node or Deno.',
  },
  {
    runtime: 'Bun',
    features: ['an idle connection is closed, and does not hold the end'],
    title: 'idle connections are closed at once',
    why: 'For the same reason: they are closed by Bun when the listener is, before the linger, and the report counts none that were closed as idle.',
    instead: 'Nothing: they do not hold the end.',
  },
  {
    runtime: 'Bun',
    features: [
      '`clusterWorkers()`: the end under load, nothing lost',
      '`clusterWorkers().restart()` under load, nothing lost',
    ],
    atTimes: true,
    title: "a cluster's workers lose requests as they end",
    why: 'The workers get the message, are waited for, and are replaced one by one; but each closes its idle connections as above, and the requests on them are lost.',
    instead: 'As above. Workers that are no servers are ended as on Node.',
  },
  {
    runtime: 'Bun',
    features: ['what blocks it is named, with its line'],
    title: 'where the loop is blocked is not named',
    why: "Bun 1.4.5's node:inspector connects to no other thread: the process is ended at the deadline, and the hooks that were running are named, but no function and no line.",
    instead: 'Run the same on Node to see the line.',
  },
  {
    runtime: 'Deno',
    features: ['what blocks it is named, with its line'],
    title: 'where the loop is blocked is not named',
    why: "Deno 2.9.6's node:inspector connects to no other thread: the process is ended at the deadline, and the hooks that were running are named, but no function and no line. In a worker of node:cluster there is no watchdog: each thread of such a worker fails there with `process.connected is not supported in workers`. To start the thread takes 25 to 30 ms of the main thread there, and 2 to 3 on Node.",
    instead:
      'Run the same on Node to see the line. A worker of a cluster is killed by its primary.',
  },
]
