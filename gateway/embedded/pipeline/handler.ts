import type { IncomingMessage } from 'node:http';
import type { Principal } from '@idp/auth';
import { AppError, AuthError, PayloadTooLargeError, UnavailableError, toWire } from '@idp/errors';
import { acceptTracestate, formatTraceparent, newTraceContext, parseTraceparent } from '@idp/telemetry';
import { ratedCaller } from '../../limits/charges.ts';
import type { RateLimits, RateVerdict } from '../../limits/rate-limits.ts';
import { belowMount } from '../../routing/mount.ts';
import { resolve, type Resolution } from '../../routing/resolve.ts';
import type { Route } from '../../routing/route-schema.ts';
import type { RouteTable } from '../../routing/route-table.ts';
import { answerError } from './answer.ts';
import type { CredentialCheck } from '../checks/credential.ts';
import type { Exchange, GatewayResponse } from './exchange.ts';
import {
  clientAddress,
  exposedHeaders,
  handOverPrincipal,
  requestIdOf,
  type HostList,
  type TrustedProxies,
} from '@idp/service';
import { cleanHeaders } from '../checks/hygiene.ts';
import { readTarget } from '../checks/target.ts';

/** Answers a request that has passed the gateway: a service's `app.routing`, or the edge. */
export type Upstream = (req: IncomingMessage, res: GatewayResponse) => void;

export interface PipelineOptions {
  table: RouteTable;
  upstreams: ReadonlyMap<string, Upstream>;
  checkCredential: CredentialCheck;
  /** Undefined while nothing is counted. */
  limits: () => RateLimits | undefined;
  hosts: HostList;
  trustedProxies: TrustedProxies;
  /** Exact origins that may read the gateway's own errors. */
  allowedOrigins: ReadonlySet<string>;
  /** True from the moment the process stops taking new connections. */
  isDraining: () => boolean;
  /** Called once for each request when its answer is out or its connection gone. */
  onEnd: (req: IncomingMessage, res: GatewayResponse, exchange: Exchange) => void;
}

export type Pipeline = (req: IncomingMessage, res: GatewayResponse, beforeBody?: () => void) => void;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const fieldsMax = 100;

/**
 * The steps of a request in the order every target has them: host, ids, path, hygiene, method, size, credential, rate limit, route.
 * `beforeBody` runs when nothing speaks against the request any more: the place to answer `Expect: 100-continue`.
 */
export function createPipeline(options: PipelineOptions): Pipeline {
  return (req, res, beforeBody) => {
    const exchange = beginExchange(req, options);
    res.exchange = exchange;
    res.once('close', () => options.onEnd(req, res, exchange));
    serve(req, res, exchange, options, beforeBody).catch((error: unknown) =>
      failRequest(req, res, exchange, error, options),
    );
  };
}

async function serve(
  req: IncomingMessage,
  res: GatewayResponse,
  exchange: Exchange,
  options: PipelineOptions,
  beforeBody: (() => void) | undefined,
): Promise<void> {
  const resolution = admit(req, exchange, options);
  const limits = options.limits();
  const principal = await callerOf(req, res, exchange, resolution.route, { ...options, limits });
  if (principal !== undefined) {
    exchange.principal = principal;
    handOverPrincipal(req, principal);
  }
  const counted = await limits?.take({
    // A preflight is no request of its own: a page sends one before many.
    rateClass: req.method === 'OPTIONS' ? 'static' : resolution.route.rateClass,
    route: resolution.route.id,
    address: exchange.clientIp,
    caller: principal && ratedCaller(principal),
  });
  tell(res, counted);
  handOver(req, res, exchange, resolution, options, beforeBody);
}

/** The verified caller. Who guesses keys is counted as somebody without any. */
async function callerOf(
  req: IncomingMessage,
  res: GatewayResponse,
  { clientIp }: Exchange,
  route: Route,
  { checkCredential, limits }: { checkCredential: CredentialCheck; limits: RateLimits | undefined },
): Promise<Principal | undefined> {
  if (req.method === 'OPTIONS') return undefined;
  try {
    return await checkCredential(req, route, clientIp);
  } catch (error) {
    if (error instanceof AuthError && error.code === 'INVALID_API_KEY')
      tell(res, await limits?.takeFailedKey(clientIp));
    throw error;
  }
}

/** Puts what is left on the answer, and refuses the request where nothing is. */
function tell(res: GatewayResponse, verdict: RateVerdict | undefined): void {
  if (verdict === undefined) return;
  for (const [name, value] of Object.entries(verdict.headers)) res.setHeader(name, value);
  if (verdict.refusal !== undefined) throw verdict.refusal;
}

function beginExchange(req: IncomingMessage, { trustedProxies, isDraining }: PipelineOptions): Exchange {
  const requestId = requestIdOf(req);
  const parent = parseTraceparent(req.headers.traceparent as string | undefined);
  const trace = newTraceContext(parent);
  const tracestate = parent && acceptTracestate(req.headers.tracestate as string | undefined);
  req.headers['x-request-id'] = requestId;
  req.headers.traceparent = formatTraceparent(trace);
  if (tracestate === undefined) delete req.headers.tracestate;
  return {
    requestId,
    traceId: trace.traceId,
    startedAt: performance.now(),
    path: req.url ?? '',
    clientIp: clientAddress(req, trustedProxies),
    bytesReadBefore: req.socket.bytesRead,
    bytesWrittenBefore: req.socket.bytesWritten,
    last: isDraining(),
  };
}

/** Everything that may refuse the request before its credential is looked at. */
function admit(req: IncomingMessage, exchange: Exchange, options: PipelineOptions): Resolution {
  if (!options.hosts.serves(req.headers.host ?? '')) {
    throw new AppError('MISDIRECTED_REQUEST', 'this host is not served here');
  }
  const target = readTarget(req.url ?? '');
  exchange.path = target.path;
  if (req.rawHeaders.length / 2 > fieldsMax)
    throw new AppError('HEADERS_TOO_LARGE', `more than ${fieldsMax} header fields`);
  cleanHeaders(req, { trustedPeer: options.trustedProxies.has(req.socket.remoteAddress) });
  exchange.credentialSent = req.headers.authorization !== undefined || req.headers.cookie !== undefined;
  if (!methods.includes(req.method ?? '')) throw methodNotAllowed(methods);
  const resolution = resolve(options.table, target.path, req.headers['api-version'] as string | undefined);
  exchange.route = resolution.route;
  exchange.negotiated = resolution.negotiated;
  refuseGone(resolution.route);
  refuseMethod(req, resolution.route);
  refuseLargeBody(req, resolution.route);
  if (resolution.path !== target.path) req.url = resolution.path + target.query;
  return resolution;
}

function refuseGone({ gone, deprecation }: Route): void {
  if (!gone) return;
  const headers = deprecation && { link: successorLink(deprecation) };
  throw new AppError('GONE', 'this is no longer served', headers === undefined ? {} : { headers });
}

/** Streams are limited by their service. */
function refuseLargeBody(req: IncomingMessage, { bodyMaxBytes, stream }: Route): void {
  if (stream === undefined && Number(req.headers['content-length'] ?? 0) > bodyMaxBytes)
    throw new PayloadTooLargeError(`the body is larger than ${bodyMaxBytes} bytes`);
}

function refuseMethod(req: IncomingMessage, route: Route): void {
  if (route.methods === undefined || req.method === 'OPTIONS') return;
  const allowed = route.methods.includes('GET') ? [...route.methods, 'HEAD'] : route.methods;
  if (!allowed.some((method) => method === req.method)) throw methodNotAllowed(allowed);
}

function methodNotAllowed(allowed: readonly string[]): AppError {
  return new AppError('METHOD_NOT_ALLOWED', 'the method is not allowed here', {
    headers: { allow: allowed.join(', ') },
  });
}

function handOver(
  req: IncomingMessage,
  res: GatewayResponse,
  exchange: Exchange,
  { route, canonical, version }: Resolution,
  { upstreams }: PipelineOptions,
  beforeBody: (() => void) | undefined,
): void {
  const upstream = upstreams.get(route.service);
  if (upstream === undefined) throw new UnavailableError('the service is not running');
  // The client left while its credential was checked.
  if (res.destroyed) return;
  if (version !== undefined) res.setHeader('api-version', String(version));
  if (canonical !== undefined) res.setHeader('link', `<${canonical}>; rel="canonical"`);
  if (route.deprecation !== undefined) announceDeprecation(res, route.deprecation);
  if (route.stream === undefined) req.headers['x-request-deadline-ms'] = String(route.timeoutMs);
  beforeBody?.();
  exchange.handedOverAt = performance.now();
  upstream(req, res);
}

/** RFC 9745 (`Deprecation`, a structured-field date) and RFC 8594 (`Sunset`, an HTTP date). */
function announceDeprecation(res: GatewayResponse, deprecation: NonNullable<Route['deprecation']>): void {
  res.setHeader('deprecation', `@${Date.parse(deprecation.since) / 1000}`);
  res.setHeader('sunset', new Date(deprecation.sunset).toUTCString());
  res.appendHeader('link', successorLink(deprecation));
}

function successorLink({ successor }: NonNullable<Route['deprecation']>): string {
  return `<${successor}>; rel="successor-version"`;
}

function failRequest(
  req: IncomingMessage,
  res: GatewayResponse,
  exchange: Exchange,
  error: unknown,
  options: PipelineOptions,
): void {
  exchange.errorCode = toWire(error).code;
  if (res.headersSent || res.destroyed) return void res.destroy();
  const { origin } = req.headers;
  const headers: Record<string, string> =
    origin !== undefined && options.allowedOrigins.has(origin)
      ? { 'access-control-allow-origin': origin, 'access-control-expose-headers': exposedHeaders, vary: 'Origin' }
      : {};
  const mount = exchange.route ?? options.table.findRoute(exchange.path.split('?', 1)[0] ?? '');
  const backstage = mount?.backstage === true ? relativeTo(mount.path, req) : undefined;
  answerError(res, error, exchange, { backstage, headers: { ...headers, 'x-request-id': exchange.requestId } });
}

/** The request as a Backstage plugin would name it: relative to its mount. */
function relativeTo(mount: string, req: IncomingMessage): { method: string; url: string } {
  return { method: req.method ?? '', url: belowMount(mount, req.url ?? '') };
}
