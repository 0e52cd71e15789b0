import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { acceptTracestate, activeSpan, formatTraceparent, newTraceContext, parseTraceparent } from '@idp/telemetry';
import type { ClientAddress } from './client-address.ts';
import { RequestOperation } from '../http/operation.ts';

const requestIdPattern = /^[A-Za-z0-9._-]{1,128}$/;
const userAgentMax = 256;

/** The caller's `X-Request-Id` where it is well-formed, else a new id. */
export function requestIdOf(req: IncomingMessage): string {
  const header = req.headers['x-request-id'];
  return typeof header === 'string' && requestIdPattern.test(header) ? header : randomUUID();
}

/** Ids of a request: the trace of the caller is continued where its `traceparent` is well-formed, else a new one begins. */
export function arrivalOf(req: IncomingMessage, requestId: string, clientAddress: ClientAddress): RequestOperation {
  const { traceparent, tracestate, 'user-agent': userAgent, 'x-envoy-attempt-count': attempts } = req.headers;
  const parent = typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined;
  const span = activeSpan() ?? newTraceContext(parent);
  return new RequestOperation({
    requestId,
    traceId: span.traceId,
    spanId: span.spanId,
    traceparent: formatTraceparent(span),
    tracestate: parent !== undefined && typeof tracestate === 'string' ? acceptTracestate(tracestate) : undefined,
    ip: clientAddress(req),
    userAgent:
      userAgent === undefined || userAgent.length <= userAgentMax ? userAgent : userAgent.slice(0, userAgentMax),
    startedAt: performance.now(),
    isRetry: Number(attempts) > 1,
  });
}
