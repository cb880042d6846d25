-- A little load, and not all that the machine can take: each connection waits before its next request.
function delay()
  return 10
end

-- What it counted, for a program to read.
function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"longest":%.1f,"failures":{"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}}',
    summary.requests, latency.max / 1000,
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
