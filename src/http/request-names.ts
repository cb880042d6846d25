/** What the report shows of a request: the path alone. A query, a header or a body may hold secrets. */
export function requestName(method = '', url = ''): string {
  return `${method} ${url.split('?', 1)[0]}`
}

/** Such as `, from 10.0.0.7`, often a proxy's address; empty if the socket has none. */
export function clientName(socket: { readonly remoteAddress?: string | undefined }): string {
  // On a dual-stack listener, IPv4 addresses arrive as IPv6.
  const address = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
  return address === undefined ? '' : `, from ${address}`
}
