/**
 * @module
 * Who is at the other end of the connection, or of the reverse proxies before it.
 */
import { BlockList, isIP } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { AppContext } from './context.js'

export interface Peer {
  /** An IP address; empty where there is no socket, as in tests. */
  address: string
  /** It speaks TLS with the proxy. */
  secure: boolean
}

/**
 * Makes the question.
 *
 * 1. The address is the socket's. Only of a trusted proxy `X-Forwarded-For` is believed, from its end, up to the first address that is no trusted
 *    proxy's: what a client writes into it itself stands before that and is never looked at.
 * 2. `X-Forwarded-Proto` is believed of a trusted proxy only.
 */
export function peers(trustedProxies: readonly string[]): (c: AppContext) => Peer {
  const trusted = new BlockList()
  for (const network of trustedProxies) {
    const [address = '', prefix] = network.split('/')
    trusted.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  return (c) => {
    let address = plain(socketAddress(c))
    if (trustedProxies.length === 0 || !isTrusted(address)) return { address, secure: false }
    const secure = c.req.header('x-forwarded-proto')?.split(',').at(-1)?.trim().toLowerCase() === 'https'
    const told = (c.req.header('x-forwarded-for') ?? '').split(',').map((part) => plain(part.trim()))
    for (const hop of told.toReversed()) {
      if (isIP(hop) === 0) break
      address = hop
      if (!isTrusted(hop)) break
    }
    return { address, secure }
  }
}

/**
 * Whom limits count together: an IPv4 address, or the 64 bits of an IPv6 one that a provider hands to one customer.
 */
export function limitedAs(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('::')
  const [before, after] = [head, tail ?? ''].map((part) => part.split(':').filter(Boolean)) as [string[], string[]]
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

function socketAddress(c: AppContext): string {
  const env: AppContext['env'] | undefined = c.env
  return env?.incoming === undefined ? '' : (getConnInfo(c).remote.address ?? '')
}

/** Without a zone, and an IPv4 address as itself where a socket of IPv6 tells it. */
function plain(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
}
