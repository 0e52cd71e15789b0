import type { IncomingMessage } from 'node:http';
import { ValidationError } from '@idp/errors';

/** Names and beginnings of names that only we may set: from outside they never reach a service. */
const reservedPrefixes = ['x-idp-', 'x-tenant-', 'x-user-', 'x-workload-', 'x-envoy-', 'x-ext-auth-'];
const reserved = new Set([
  'x-on-behalf-of',
  'x-forwarded-client-cert',
  'baggage',
  'x-error-code',
  'x-request-deadline-ms',
]);
const forwarded = new Set(['forwarded', 'x-real-ip']);

/** RFC 9110 §7.6.1. `Transfer-Encoding` stays: it tells the service that there is a body. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
]);

/** Naming one of these in `Connection` would make the next hop lose what the request means. */
const indispensable = new Set([
  'authorization',
  'host',
  'content-length',
  'content-type',
  'transfer-encoding',
  'cookie',
]);

/** Headers that must not come twice: which one counts would be a guess. */
const single = ['host', 'authorization', 'content-length'];

/**
 * Removes from `req` what a client may not say, before anything looks at its headers. Forwarding headers stay when the
 * peer is a trusted proxy. Throws 400 for a header twice that must be single and for `Connection: authorization` and the like.
 */
export function cleanHeaders(req: IncomingMessage, { trustedPeer }: { trustedPeer: boolean }): void {
  const raw = req.rawHeaders;
  refuseRepeated(raw);
  refuseEncodings(req.headers['transfer-encoding']);
  const named = connectionOptions(req.headers.connection);
  let removed = false;
  for (const name of Object.keys(req.headers)) {
    if (!unwanted(name, trustedPeer, named)) continue;
    delete req.headers[name];
    removed = true;
  }
  if (!removed) return;
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!unwanted(raw[i]!.toLowerCase(), trustedPeer, named)) kept.push(raw[i]!, raw[i + 1]!);
  }
  req.rawHeaders = kept;
}

function refuseRepeated(raw: readonly string[]): void {
  const counts: Record<string, number> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (!single.includes(name)) continue;
    counts[name] = (counts[name] ?? 0) + 1;
    if (counts[name] > 1) throw new ValidationError(`the header ${name} comes more than once`);
  }
}

/** Node hands a request on before it finds out that it cannot read its body: where it ends would be anybody's guess. */
function refuseEncodings(encoding: string | undefined): void {
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked')
    throw new ValidationError('the only transfer encoding is chunked');
}

function connectionOptions(header: string | undefined): ReadonlySet<string> {
  if (header === undefined || header === 'keep-alive' || header === 'close') return none;
  const options = new Set(header.split(',').map((option) => option.trim().toLowerCase()));
  for (const name of options) {
    if (indispensable.has(name)) throw new ValidationError(`the header Connection must not name ${name}`);
  }
  return options;
}

const none: ReadonlySet<string> = new Set();

function unwanted(name: string, trustedPeer: boolean, named: ReadonlySet<string>): boolean {
  if (hopByHop.has(name) || reserved.has(name) || named.has(name)) return true;
  if (name.charCodeAt(0) !== 120 && name !== 'forwarded') return false; // 120 = x
  if (forwarded.has(name) || name.startsWith('x-forwarded-')) return !trustedPeer;
  return reservedPrefixes.some((prefix) => name.startsWith(prefix));
}
