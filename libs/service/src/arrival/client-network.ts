import { isIPv6 } from 'node:net';

/** Address and network of a client as limits count them. */
export interface ClientNetwork {
  /** An IPv4 address, or the /64 of an IPv6 address: what one subscriber has. */
  address: string;
  /** Its /24, or the same /64. */
  network: string;
}

/** Reads an address as Node gives it; anything else counts as one client of one network. */
export function clientNetworkOf(ip: string): ClientNetwork {
  if (isIPv6(ip)) {
    const prefix = `${firstGroups(ip)}::/64`;
    return { address: prefix, network: prefix };
  }
  return { address: ip, network: `${ip.split('.').slice(0, 3).join('.')}.0/24` };
}

function firstGroups(ip: string): string {
  // The URL parser writes every form of an address in one way, with hexadecimal groups only.
  const text = new URL(`http://[${ip.split('%')[0]}]/`).hostname.slice(1, -1);
  const [left = '', right] = text.split('::');
  const before = left === '' ? [] : left.split(':');
  const after = right === undefined || right === '' ? [] : right.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}
