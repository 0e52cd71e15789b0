import { lookup, Resolver as DnsResolver } from 'node:dns/promises';

/** Turns a host name into all its addresses (A and AAAA). Rejects when there are none, when the signal aborts or the server fails. */
export interface HostResolver {
  resolve(host: string, options: { signal: AbortSignal; system: boolean }): Promise<readonly string[]>;
}

/**
 * The resolver for public names asks DNS servers directly (c-ares: no hosts file, no search domains, no thread pool to exhaust).
 * Names the operator listed are his own and go through the system's resolver (`system: true`), so hosts files and search domains work.
 * @param options.servers addresses of DNS servers (`EGRESS_DNS`), `host` or `host:port`; default: those of the system
 */
export function createResolver(options: { servers?: readonly string[] } = {}): HostResolver {
  return {
    resolve: (host, { signal, system }) =>
      system ? systemAddresses(host, signal) : dnsAddresses(host, signal, options.servers),
  };
}

async function dnsAddresses(
  host: string,
  signal: AbortSignal,
  servers?: readonly string[],
): Promise<readonly string[]> {
  const dns = new DnsResolver({ timeout: 700, tries: 2 });
  if (servers !== undefined && servers.length > 0) dns.setServers(servers);
  const cancel = () => dns.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const families = await Promise.allSettled([dns.resolve4(host), dns.resolve6(host)]);
    signal.throwIfAborted();
    const addresses = families.flatMap((family) => (family.status === 'fulfilled' ? family.value : []));
    if (addresses.length === 0) throw new Error('the name has no address', { cause: families[0] });
    return addresses;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

async function systemAddresses(host: string, signal: AbortSignal): Promise<readonly string[]> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    // getaddrinfo cannot be cancelled: it is left behind when the time is over.
    const answers = await Promise.race([lookup(host, { all: true }), aborted.promise]);
    return answers.map((answer) => answer.address);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
