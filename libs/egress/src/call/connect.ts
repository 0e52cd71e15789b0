import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { canonicalAddress } from '../guard/address.ts';

type Connector = buildConnector.connector;

const connectMs = 5_000;

/**
 * Rule 6: a connector that reaches nothing but the checked addresses. Host header and SNI stay the name; the peer of the finished
 * connection is compared once more. No TLS session is kept, HTTP/2 is not offered.
 * @param options.ca certificate authorities trusted beside the system's (PEM)
 */
export function pinnedConnector(options: {
  addresses: readonly string[];
  ca?: readonly string[];
  base?: Connector;
}): Connector {
  const { addresses, ca } = options;
  const base =
    options.base ??
    buildConnector({
      timeout: connectMs,
      lookup: lookupOf(addresses),
      autoSelectFamily: addresses.length > 1,
      allowH2: false,
      maxCachedSessions: 0,
      ...(ca === undefined ? {} : { ca: [...ca] }),
    });
  return (target, callback) => {
    base(target, (...answer) => {
      const [error, socket] = answer;
      if (error !== null) return callback(error, null);
      const peer = socket.remoteAddress;
      if (peer !== undefined && addresses.includes(canonicalAddress(peer))) return callback(null, socket);
      socket.destroy();
      return callback(new Error('connected to an address that was not checked'), null);
    });
  };
}

function lookupOf(addresses: readonly string[]): LookupFunction {
  const answers = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_host, options, callback) => {
    const first = answers[0];
    if (options.all === true) callback(null, answers);
    else callback(null, first?.address ?? '', first?.family);
  };
}
