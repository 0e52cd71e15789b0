import { BlockList, isIPv4, isIPv6 } from 'node:net';

type Subnet = readonly [network: string, prefix: number];

const privateV4: readonly Subnet[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['168.63.129.16', 32],
];

const globalV6: Subnet = ['2000::', 3];

const exceptV6: readonly Subnet[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

/** Reaching these through a list would hand out cloud credentials, or name an own endpoint by an alias. */
const neverV4: readonly Subnet[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['168.63.129.16', 32],
  ['100.100.100.200', 32],
  ['192.0.0.192', 32],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** What a list may open beside global addresses: loopback and unique local; never mapped or translated IPv4. */
const listableV6: readonly Subnet[] = [
  ['::1', 128],
  ['fc00::', 7],
];

/** Instance metadata and pod identity of AWS, metadata of Google Cloud. */
const neverV6: readonly Subnet[] = [
  ['fd00:ec2::', 32],
  ['fd20:ce::254', 128],
];

const privateFour = subnets('ipv4', privateV4);
const neverFour = subnets('ipv4', neverV4);
const globalSix = subnets('ipv6', [globalV6]);
const exceptSix = subnets('ipv6', exceptV6);
const listableSix = subnets('ipv6', listableV6);
const neverSix = subnets('ipv6', neverV6);

/**
 * Whether an address text (IPv4 dotted or IPv6, no zone) is public: rule 5. IPv6 is an allow rule, so that mapped, compatible,
 * translated, NAT64, unique local, link-local and multicast forms need no naming. Anything that is not an address is not public.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !privateFour.check(address, 'ipv4');
  if (!isIPv6(address) || address.includes('%')) return false;
  return globalSix.check(address, 'ipv6') && !exceptSix.check(address, 'ipv6');
}

/** Whether an allow entry may open this address at all. Metadata, unspecified and multicast addresses never are. */
export function isListableAddress(address: string): boolean {
  if (isIPv4(address)) return !neverFour.check(address, 'ipv4');
  if (!isIPv6(address) || address.includes('%')) return false;
  if (neverSix.check(address, 'ipv6')) return false;
  return isPublicAddress(address) || listableSix.check(address, 'ipv6');
}

/** One spelling per address: `2001:DB8:0::1` and `2001:db8::1` compare equal. Throws on anything that is not an address. */
export function canonicalAddress(address: string): string {
  if (isIPv4(address)) return address;
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

function subnets(family: 'ipv4' | 'ipv6', list: readonly Subnet[]): BlockList {
  const blocks = new BlockList();
  for (const [network, prefix] of list) blocks.addSubnet(network, prefix, family);
  return blocks;
}
