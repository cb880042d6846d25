import { printable } from '../text/printable.ts'

/** The most characters of a path that are shown. */
const LONGEST_PATH = 200

/** A host, with a port or without one. */
const HOST = /^(?:[^:]*|\[[^\]]*\])(?::\d*)?$/

/**
 * What the report shows of a request: its method, and the path without what may be a secret. A query, a
 * fragment, user information, a header or a body may be one. Nothing in it can change a terminal.
 */
export function requestName(method = '', target = ''): string {
  const name = [printable(method), withoutSecrets(printable(target))].map(shorten).join(' ')
  return name.trimEnd()
}

/**
 * The target of a request (RFC 9112, 3.2) is a path, an absolute URL or, for CONNECT, an authority. Only
 * the last two have user information.
 */
function withoutSecrets(target: string): string {
  const [plain = ''] = target.split(/[?#]/, 1)
  const parts = /^((?:[a-z][a-z\d+.-]*:)?\/\/)?([^/]*)(.*)$/is.exec(plain)
  const [, scheme = '', authority = '', path = ''] = parts ?? []
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  // Something of a password that should have been encoded: `http://user:pa/ss@host/`.
  if (!HOST.test(host)) return `${scheme}…`
  return scheme + host + path
}

function shorten(text: string): string {
  if (text.length <= LONGEST_PATH) return text
  const characters = Array.from(text)
  if (characters.length <= LONGEST_PATH) return text
  return `${characters.slice(0, LONGEST_PATH - 1).join('')}…`
}

/** Such as `, from 10.0.0.7`, often a proxy's address; empty if the socket has none. */
export function clientName(socket: { readonly remoteAddress?: string | undefined }): string {
  // On a dual-stack listener, IPv4 addresses arrive as IPv6.
  const address = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
  return address === undefined ? '' : `, from ${address}`
}
