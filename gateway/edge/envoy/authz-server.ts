import { once } from 'node:events';
import { createServer, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { looksLikeApiKey, type Principal } from '@idp/auth';
import { AuthError, NotFoundError, toWire } from '@idp/errors';
import { parseTraceparent } from '@idp/telemetry';
import { backstageBodyOf, envelopeOf } from '../../embedded/pipeline/answer.ts';
import type { RateLimits } from '../../limits/rate-limits.ts';
import { belowMount } from '../../routing/mount.ts';
import { writeRatePolicy } from './rated-request.ts';

/** The key check that Envoy asks (`ext_authz` over HTTP/2 without TLS). */
export interface AuthzServer {
  readonly port: number;
  /** Lets checks in flight end for at most `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

export interface AuthzOptions {
  host: string;
  port: number;
  /** The principal of a key used from an address. */
  verify: (key: string, address: string) => Promise<Principal>;
  limits: RateLimits;
  /** Mount of Backstage that a path lies below. */
  mountOf: (path: string) => string | undefined;
}

/**
 * Serves `/internal/authz/check/…` (`Bearer idp_…`) and `/internal/authz/basic/…` (the key as password as well); what follows is the path of
 * the request. 200 names the caller in `x-ext-auth-*`; 401, 429 (too many keys that are none, from one network) and 503 are the whole
 * answer the client gets. Rejects with the system's error for a taken port.
 */
export async function startAuthzServer(options: AuthzOptions): Promise<AuthzServer> {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // Envoy resets what it no longer waits for.
    session.on('error', () => undefined);
  });
  server.on('request', (req: Http2ServerRequest, res: Http2ServerResponse) => {
    req.on('error', () => undefined);
    res.on('error', () => undefined);
    req.resume();
    check(req, options)
      .then(({ error, headers }) => {
        if (error === undefined) res.writeHead(200, headers).end();
        else refuse(req, res, { error, headers }, options);
      })
      .catch((error: unknown) => refuse(req, res, { error, headers: {} }, options));
  });
  server.listen({ host: options.host, port: options.port });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close(deadlineMs) {
      const closed = once(server, 'close');
      server.close();
      for (const session of sessions) session.close();
      const timer = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, deadlineMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

const checkPath = /^\/internal\/authz\/(check|basic)(\/.*)?$/;

type Headers = Record<string, string>;

/** Who it is, or why nobody, with what was counted for it. */
interface Checked {
  headers: Headers;
  error?: unknown;
}

async function check(req: Http2ServerRequest, { verify, limits }: AuthzOptions): Promise<Checked> {
  const [, kind] = checkPath.exec(req.url) ?? [];
  if (kind === undefined) throw new NotFoundError('there is nothing at this path');
  const address = addressOf(req);
  try {
    const { tenantId, id, keyId, ratePolicy } = await verify(
      keyOf(req.headers.authorization, kind === 'basic'),
      address,
    );
    const headers = {
      'x-ext-auth-tenant': tenantId,
      'x-ext-auth-subject': id,
      'x-ext-auth-key': keyId ?? '-',
      'x-ext-auth-rate-policy': writeRatePolicy(ratePolicy),
    };
    return { headers };
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const counted = await limits.takeFailedKey(address);
    return { error: counted?.refusal ?? error, headers: counted?.headers ?? {} };
  }
}

/** The key of `Bearer idp_…`, or of the password of `Basic` (RFC 7617 §2), whatever the name before it. */
function keyOf(authorization: string | undefined, takesBasic: boolean): string {
  const [, scheme = '', text = ''] = /^(Bearer|Basic) +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization ?? '') ?? [];
  let key: string | undefined;
  if (scheme.toLowerCase() === 'bearer') key = text;
  else if (takesBasic && scheme !== '')
    key = Buffer.from(text, 'base64').toString('utf8').split(':').slice(1).join(':');
  if (key !== undefined && looksLikeApiKey(key)) return key;
  throw new AuthError('the API key is not valid', { code: 'INVALID_API_KEY' });
}

/** Address of the client as Envoy knows it. */
function addressOf({ headers }: Http2ServerRequest): string {
  const own = headers['x-client-address'];
  if (typeof own === 'string') return own;
  const forwarded = headers['x-forwarded-for'];
  return typeof forwarded === 'string' ? forwarded.split(',').at(-1)!.trim() : '';
}

function refuse(
  req: Http2ServerRequest,
  res: Http2ServerResponse,
  { error, headers }: Checked,
  { mountOf }: AuthzOptions,
): void {
  const wire = toWire(error);
  const { 'x-request-id': requestId, traceparent } = req.headers;
  const ids = {
    requestId: typeof requestId === 'string' ? requestId : null,
    traceId: parseTraceparent(typeof traceparent === 'string' ? traceparent : undefined)?.traceId ?? null,
  };
  const path = checkPath.exec(req.url)?.[2] ?? '/';
  const mount = mountOf(path.split('?', 1)[0]!);
  const body =
    mount === undefined
      ? envelopeOf(wire, ids)
      : backstageBodyOf(wire, { method: req.method, url: belowMount(mount, path) });
  res.writeHead(wire.status, {
    ...headers,
    ...wire.headers,
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-error-code': wire.code,
  });
  res.end(body);
}
