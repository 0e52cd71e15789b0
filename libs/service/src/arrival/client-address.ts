import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Proxies whose `X-Forwarded-For` is believed. */
export interface TrustedProxies {
  has(address: string | undefined): boolean;
}

/** Address a request comes from. */
export type ClientAddress = (req: IncomingMessage) => string;

/** Addresses and CIDR ranges. Throws TypeError naming the entry that is neither. */
export function createTrustedProxies(entries: readonly string[]): TrustedProxies {
  if (entries.length === 0) return { has: () => false };
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address);
    const bits = prefix === undefined ? (family === 6 ? 128 : 32) : Number(prefix);
    if (family === 0 || !Number.isInteger(bits)) throw new TypeError(`"${entry}" is no address or CIDR range`);
    list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  }
  return {
    has(address) {
      const known = plainAddress(address);
      const family = isIP(known);
      return family !== 0 && list.check(known, family === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

/**
 * The peer of the connection; behind a trusted proxy the right-most address of `X-Forwarded-For` that is not a trusted proxy
 * itself. What stands further left was written by the client.
 */
export function clientAddress(req: IncomingMessage, trusted: TrustedProxies): string {
  let address = plainAddress(req.socket?.remoteAddress);
  const forwarded = req.headers['x-forwarded-for'];
  if (typeof forwarded !== 'string' || !trusted.has(address)) return address;
  const hops = forwarded.split(',');
  while (hops.length > 0 && trusted.has(address)) {
    const hop = plainAddress(hops.pop()?.trim());
    if (isIP(hop) === 0) break;
    address = hop;
  }
  return address;
}

/** `clientAddress` behind these proxies. */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = createTrustedProxies(trustedProxies);
  return (req) => clientAddress(req, trusted);
}

/** IPv4 behind a dual-stack listener arrives as `::ffff:192.0.2.1` and is shown as IPv4. */
function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}
