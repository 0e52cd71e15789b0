import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Proxies whose `X-Forwarded-For` is believed. */
export interface TrustedProxies {
  has(address: string | undefined): boolean;
}

/** Addresses and CIDR ranges. Throws TypeError naming the entry that is neither. */
export function createTrustedProxies(entries: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = familyOf(address);
    const bits = prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix);
    if (family === undefined || !Number.isInteger(bits)) throw new TypeError(`${entry} is no address or CIDR range`);
    list.addSubnet(address, bits, family);
  }
  if (entries.length === 0) return { has: () => false };
  return {
    has(address) {
      const plain = plainAddress(address);
      const family = familyOf(plain);
      return family !== undefined && list.check(plain, family);
    },
  };
}

/** The client's address: the nearest one, from the right, that is not a trusted proxy. */
export function clientAddress(req: IncomingMessage, trusted: TrustedProxies): string {
  const peer = plainAddress(req.socket.remoteAddress);
  const forwarded = req.headers['x-forwarded-for'];
  if (forwarded === undefined || !trusted.has(peer)) return peer;
  const hops = String(forwarded)
    .split(',')
    .map((hop) => hop.trim());
  const client = hops.findLast((hop) => !trusted.has(hop)) ?? hops[0] ?? peer;
  return familyOf(client) === undefined ? peer : client;
}

/** IPv4 behind a dual-stack listener arrives as `::ffff:192.0.2.1`. */
function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  if (isIPv4(address)) return 'ipv4';
  return isIPv6(address) ? 'ipv6' : undefined;
}
