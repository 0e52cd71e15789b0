import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Address a request comes from. */
export type ClientAddress = (req: IncomingMessage) => string;

/**
 * The peer of the connection; behind a peer of `trustedProxies` (addresses or CIDR ranges) the right-most address of
 * `X-Forwarded-For` that is not a trusted proxy itself. What stands further left was written by the client.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  if (trustedProxies.length === 0) return (req) => plain(req.socket?.remoteAddress);
  const trusted = blockList(trustedProxies);
  return (req) => {
    let address = plain(req.socket?.remoteAddress);
    const forwarded = req.headers['x-forwarded-for'];
    if (typeof forwarded !== 'string') return address;
    const hops = forwarded.split(',');
    while (hops.length > 0 && isTrusted(trusted, address)) {
      const hop = plain(hops.pop()?.trim());
      if (isIP(hop) === 0) break;
      address = hop;
    }
    return address;
  };
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address);
    if (family === 0) throw new TypeError(`TRUSTED_PROXIES: "${range}" is no address or CIDR range`);
    const type = family === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, type);
    else list.addSubnet(address, Number(bits), type);
  }
  return list;
}

function isTrusted(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** IPv4 inside IPv6 is shown as IPv4. */
function plain(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
