import type { IncomingMessage } from 'node:http';
import type { Logger, Metrics } from '@idp/telemetry';
import type { Exchange, GatewayResponse } from './exchange.ts';

/** Fields of an access log line the logger has to let through beside the common ones. */
export const accessLogFields = ['upstream', 'upstreamMs'];

/** Status logged for a client that left before the answer began. */
const clientClosedRequest = 499;

/** One JSON line and one observation for each request. No query, no header but the user agent, no credential. */
export function createAccessLog({ logger, metrics }: { logger: Logger; metrics: Metrics }) {
  const durations = metrics.histogram(
    'http_server_request_duration_seconds',
    'Requests by route, from the first byte read to the last byte written',
    ['http_route', 'http_request_method', 'http_response_status_code'],
  );
  return (req: IncomingMessage, res: GatewayResponse, exchange: Exchange): void => {
    const now = performance.now();
    const status = res.headersSent ? res.statusCode : clientClosedRequest;
    const route = exchange.route?.id ?? 'none';
    const method = req.method ?? '';
    durations.observe(
      { http_route: route, http_request_method: method, http_response_status_code: status },
      (now - exchange.startedAt) / 1000,
    );
    const { handedOverAt, answeredAt } = exchange;
    logger.info(
      {
        requestId: exchange.requestId,
        traceId: exchange.traceId,
        method,
        path: exchange.path,
        route,
        // `service` is the gateway itself, as in every line of a process.
        upstream: exchange.route?.service,
        status,
        errorCode: exchange.errorCode,
        durationMs: rounded(now - exchange.startedAt),
        upstreamMs: handedOverAt === undefined ? undefined : rounded((answeredAt ?? now) - handedOverAt),
        // Without a length the body came in chunks, and what the socket read meanwhile is the best there is.
        bytesIn: Number(req.headers['content-length'] ?? req.socket.bytesRead - exchange.bytesReadBefore),
        bytesOut: req.socket.bytesWritten - exchange.bytesWrittenBefore,
        tenantId: exchange.principal?.tenantId,
        subject: exchange.principal?.id,
        keyId: exchange.principal?.keyId,
        clientIp: exchange.clientIp,
        userAgent: req.headers['user-agent'],
        aborted: res.writableFinished ? undefined : true,
      },
      'request',
    );
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
