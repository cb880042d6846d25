/** What the report shows of a request: the path alone. A query, a header or a body may hold secrets. */
export function requestName(method = '', url = ''): string {
  return `${method} ${url.split('?', 1)[0]}`
}

/** The address at the other end, most often a proxy's; empty for a socket that has none. */
export function clientName(socket: { readonly remoteAddress?: string | undefined }): string {
  // At a listener for both versions of IP, an address of IPv4 arrives as one of IPv6.
  const address = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
  return address === undefined ? '' : `, from ${address}`
}
