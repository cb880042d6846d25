/** Something that a runtime cannot do. The document says so, and the matrix fails once the runtime can. */
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
    features: ['with an IPC channel, `listen()` keeps no process alive'],
    title: 'a parent with a channel keeps the process alive',
    why: "A listener for messages keeps the process alive while the IPC channel is open. In Node and Deno a listener can be excepted from this (`process.channel.unrefCounted()`). Bun 1.4.5 has only `process.channel.unref()`. That call would also affect the application's own listeners, so the library does not use it.",
    instead:
      'This matters for a program that was started with an IPC channel and should end by itself. If the parent sends no stop message, set `messages: []`, or call `process.channel.unref()` yourself.',
  },
  {
    runtime: 'Bun',
    features: [
      '1 MB on stdout arrives whole at a slow reader',
      '1 MB on stderr arrives whole at a slow reader',
    ],
    title: 'unwritten output of stdout and stderr is lost',
    why: 'In Bun 1.4.5 a program cannot see the output that a pipe has not taken yet. After a write of 1 MB, `process.stdout.writableLength` is 0. Bun calls the callback of a further, empty write before the data has left. So the library does not know that data is unwritten, and `process.exit()` drops it. Of 1 MB, 250 to 480 KB arrived.',
    instead:
      'Write with a callback in a hook of `flush`, and wait for it: `() => new Promise((resolve) => process.stdout.write(text, resolve))`. Files and terminals lose nothing. Output that fits into the pipe, 64 KiB, is not lost either.',
  },
  {
    runtime: 'Bun',
    features: ['keep-alive clients under load: no request is lost', 'the same over TLS'],
    atTimes: true,
    title: 'requests on kept-alive connections are lost at the end',
    why: 'In Bun 1.4.5, `server.close()` of node:http closes every connection that is idle at that moment. It does so in native code. In Node the library replaces `closeIdleConnections()` to keep these connections; in Bun this has no effect. A request that is on its way at that moment is lost, at most one for each client. With 20 clients that send all the time, 20 of 240 requests were lost. Requests in flight are answered, and new connections are refused.',
    instead:
      'Put a proxy or load balancer in front of the server. It must retry requests on idle connections, or stop using the instance first. For the second way, set `lameDuck` of `httpServer()` to the time that the proxy needs. If no request may be lost, run the server on Node or Deno.',
  },
  {
    runtime: 'Bun',
    features: ['an idle connection is closed, and does not delay the end'],
    title: 'idle connections are closed at once',
    why: 'The reason is the same: Bun closes idle connections together with the listener, before the linger. So the report counts no connection that was closed as idle.',
    instead: 'You need to do nothing: these connections do not delay the end.',
  },
  {
    runtime: 'Bun',
    features: [
      '`clusterWorkers()`: stopped under load, nothing lost',
      '`clusterWorkers().restart()` under load, nothing lost',
    ],
    atTimes: true,
    title: "a cluster's workers lose requests as they end",
    why: 'The primary sends the message to its workers, waits for them, and replaces them one by one. But each worker closes its idle connections as described above, and the requests on them are lost.',
    instead: 'Do as described above. Workers that are not servers end as on Node.',
  },
  {
    runtime: 'Bun',
    features: ['the code that blocks the loop is named, with its line'],
    title: 'the line that blocks the loop is not named',
    why: 'node:inspector of Bun 1.4.5 cannot connect to another thread. At the deadline the watchdog still kills the process, and the log names the hooks that were running. It names no function and no line.',
    instead: 'Run the same program on Node to see the line.',
  },
  {
    runtime: 'Deno',
    features: ['the code that blocks the loop is named, with its line'],
    title: 'the line that blocks the loop is not named',
    why: "node:inspector of Deno 2.9.6 cannot connect to another thread. At the deadline the watchdog still kills the process, and the log names the hooks that were running. It names no function and no line. In a worker of node:cluster there is no watchdog: each thread of such a worker fails with `process.connected is not supported in workers`. The start of the watchdog's thread takes 25 to 30 ms of the main thread on Deno, and 2 to 3 ms on Node.",
    instead:
      'Run the same program on Node to see the line. In a cluster, the primary kills a worker that does not end.',
  },
]
