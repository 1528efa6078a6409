import { lookup } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import { Agent, type Dispatcher } from 'undici'
import { AppError } from './errors.ts'

/** Addresses that are not public (IANA special-purpose registries, RFC 6890 and its updates). */
const notPublic = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  notPublic.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  notPublic.addSubnet(network, prefix, 'ipv6')

const refused = (host: string) =>
  new AppError('HOST_NOT_ALLOWED', 422, `${host} is not a public address. Add it to PARLEY_OUTBOUND_ALLOW if Parley may call it.`)

/** Whether an address given by data may be called. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && !notPublic.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/**
 * An HTTP dispatcher for addresses that come from data: connects only to public addresses or to hosts of the allow-list
 * (`host` or `host:port`). The check is made on the resolved address that is then used, so that a name that changes its
 * address between look-up and connect gains nothing.
 */
export function createSafeDispatcher(allowList: readonly string[]): Dispatcher {
  const allowed = new Set(allowList.map((host) => host.toLowerCase()))
  return new Agent({
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
    connect: {
      timeout: 10_000,
      lookup(hostname, options, callback) {
        lookup(hostname, { ...options, all: true }, (error, addresses) => {
          if (error) return callback(error, [])
          if (!allowed.has(hostname.toLowerCase()) && !addresses.every((item) => isPublicAddress(item.address)))
            return callback(refused(hostname), [])
          callback(null, addresses)
        })
      },
    },
  }).compose((dispatch) => (options, handler) => {
    const url = new URL(String(options.origin))
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const listed = allowed.has(url.host.toLowerCase()) || allowed.has(host.toLowerCase())
    // A literal address is never looked up, so it is checked here.
    if (!listed && isIP(host) !== 0 && !isPublicAddress(host)) throw refused(host)
    return dispatch(options, handler)
  })
}
