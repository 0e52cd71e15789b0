/** Which `Host` headers are served. */
export interface HostList {
  serves(host: string): boolean;
}

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Hosts a service, or the gateway in front of it, answers to: the listed ones, the one of the public URL, and the loopback names. An entry without port
 * is served on any port. Requests to other names get 421, so that a foreign name that points here is of no use.
 */
export function createHostList({
  publicUrl,
  publicHosts,
}: {
  publicUrl: string;
  publicHosts: readonly string[];
}): HostList {
  const exact = new Set<string>([new URL(publicUrl).host]);
  const anyPort = new Set<string>(loopback);
  for (const entry of publicHosts) {
    const host = entry.toLowerCase();
    (/:\d+$/.test(host) ? exact : anyPort).add(host);
  }
  return {
    serves(host) {
      if (exact.has(host)) return true;
      const known = host.toLowerCase();
      return exact.has(known) || anyPort.has(known.replace(/:\d{1,5}$/, ''));
    },
  };
}
