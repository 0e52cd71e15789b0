import { BlockList, isIP } from 'node:net';
import { listedClasses } from '../classes.ts';
import type { ListedClass } from '../classes.ts';
import { canonicalAddress } from './address.ts';

/** One parsed entry: `<cidr or host>[:port or from-to][@class]`. */
export interface AllowEntry {
  readonly text: string;
  readonly className?: ListedClass;
  coversPort(port: number): boolean;
  /** The entry names this host, as typed. */
  namesHost(host: string): boolean;
  /** The entry is an address or network that holds this address. */
  holdsAddress(address: string): boolean;
}

const form = /^(\[[^\]]+\]|[^:@\s]+|[0-9a-f:./]+)(?::(\d{1,5})(?:-(\d{1,5}))?)?(?:@([a-z]+))?$/i;
const hostName = /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/i;

/**
 * Reads one entry of `EGRESS_ALLOW`: an address, a network or a host name, then optionally one port or a range, then optionally a class:
 * `10.1.0.0/16`, `git.corp.internal:443@git`, `[fd00::/8]:8000-8100`, `127.0.0.1`. Without a port all ports, without a class all classes.
 * Throws `TypeError` naming the entry when it cannot be read.
 */
export function parseAllowEntry(text: string): AllowEntry {
  const parts = form.exec(text.trim());
  const target = parts?.[1]?.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (!parts || target === undefined) throw unreadable(text);
  const from = parts[2] === undefined ? 1 : Number(parts[2]);
  const to = parts[3] === undefined ? (parts[2] === undefined ? 65_535 : from) : Number(parts[3]);
  if (from < 1 || to > 65_535 || from > to) throw unreadable(text);
  const className = parts[4] === undefined ? undefined : classNamed(parts[4], text);
  return {
    text,
    ...(className === undefined ? {} : { className }),
    coversPort: (port) => port >= from && port <= to,
    ...matchers(target, text),
  };
}

export function isAllowEntry(text: string): boolean {
  try {
    parseAllowEntry(text);
    return true;
  } catch {
    return false;
  }
}

/** The entries that hold for a class and port. */
export function entriesFor(
  entries: readonly AllowEntry[],
  className: ListedClass,
  port: number,
): readonly AllowEntry[] {
  return entries.filter((entry) => (entry.className ?? className) === className && entry.coversPort(port));
}

function matchers(target: string, text: string): Pick<AllowEntry, 'namesHost' | 'holdsAddress'> {
  const [network = '', prefixText] = target.split('/');
  const family = isIP(network);
  if (family === 0) {
    if (prefixText !== undefined || !hostName.test(target)) throw unreadable(text);
    return { namesHost: (host) => host === target, holdsAddress: () => false };
  }
  const longest = family === 4 ? 32 : 128;
  const prefix = prefixText === undefined ? longest : Number(prefixText);
  if (prefixText !== undefined && (!/^\d{1,3}$/.test(prefixText) || prefix > longest)) throw unreadable(text);
  const version = family === 4 ? 'ipv4' : 'ipv6';
  const blocks = new BlockList();
  blocks.addSubnet(canonicalAddress(network), prefix, version);
  // A BlockList answers for IPv4-mapped addresses too; comparing families keeps `10.0.0.0/8` from opening `::ffff:10.0.0.1`.
  return {
    namesHost: () => false,
    holdsAddress: (address) => isIP(address) === family && blocks.check(address, version),
  };
}

function classNamed(name: string, text: string): ListedClass {
  const found = listedClasses.find((known) => known === name);
  if (found === undefined) throw unreadable(text);
  return found;
}

function unreadable(text: string): TypeError {
  return new TypeError(`EGRESS_ALLOW: cannot read "${text}"; expected <cidr or host>[:port or from-to][@class]`);
}
