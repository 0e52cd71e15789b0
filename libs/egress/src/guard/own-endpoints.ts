import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { canonicalAddress } from './address.ts';
import type { HostResolver } from './resolve.ts';

/** A place of the platform itself: database, bus, cache, management port. */
export interface OwnEndpoint {
  /** Name or address. A loopback, unspecified or interface address stands for every address of this machine. */
  readonly host: string;
  readonly port: number;
}

export interface OwnEndpoints {
  includes(target: { host: string; port: number; addresses: readonly string[] }): Promise<boolean>;
}

const rememberMs = 60_000;
const lookupMs = 2_000;

/** Answers whether a target is one of the platform's own endpoints, however it is written. No list opens these. */
export function createOwnEndpoints(endpoints: readonly OwnEndpoint[], resolver: HostResolver): OwnEndpoints {
  const known = new Map<string, { addresses: readonly string[]; until: number }>();

  async function addressesOf(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [canonicalAddress(host)];
    const remembered = known.get(host);
    if (remembered !== undefined && remembered.until > performance.now()) return remembered.addresses;
    try {
      const found = await resolver.resolve(host, { signal: AbortSignal.timeout(lookupMs), system: true });
      const addresses = found.map(canonicalAddress);
      known.set(host, { addresses, until: performance.now() + rememberMs });
      return addresses;
    } catch {
      // A name that does not resolve now still counts with the addresses it had.
      return remembered?.addresses ?? [];
    }
  }

  return {
    async includes({ host, port, addresses }) {
      for (const endpoint of endpoints) {
        if (endpoint.port !== port) continue;
        const ownHost = endpoint.host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
        if (ownHost === host) return true;
        const own = await addressesOf(ownHost);
        if (addresses.some((address) => own.includes(address))) return true;
        if (own.some(isLocal) && addresses.some(isLocal)) return true;
      }
      return false;
    },
  };
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('0.0.0.0', 'ipv4');
loopback.addAddress('::1', 'ipv6');
loopback.addAddress('::', 'ipv6');

function isLocal(address: string): boolean {
  if (loopback.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')) return true;
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .some((own) => canonicalAddress(own.address) === address);
}
