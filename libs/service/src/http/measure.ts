import type { Logger, Metrics } from '@idp/telemetry';
import type { RequestOperation } from './operation.ts';

/** What is known of a request when it is over. */
export interface FinishedRequest {
  operation: RequestOperation;
  method: string;
  /** Route template; `unmatched` where none was found. */
  route: string;
  status: number;
  /** The client left before the answer was complete. */
  aborted: boolean;
  bytesIn: number;
}

/** Request metrics and the access log. */
export interface RequestMeter {
  started(): void;
  finished(request: FinishedRequest): void;
  rejected(reason: string): void;
  /** Resolves when no request is in flight. */
  idle(): Promise<void>;
}

const fullLogPerSecond = 200;
const sampledShare = 10;
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Duration histogram per route template, requests in flight, refusals by reason, and one access line per request; above 200
 * lines a second only every tenth success is logged.
 */
export function createRequestMeter({ metrics, logger }: { metrics: Metrics; logger: Logger }): RequestMeter {
  const durations = metrics.histogram('http_server_request_duration_seconds', 'Requests served', [
    'http_route',
    'http_request_method',
    'http_response_status_code',
  ]);
  const rejections = metrics.counter('http_rejected_total', 'Requests refused before their route', ['reason']);
  const aborts = metrics.counter('http_requests_aborted_total', 'Requests whose client left before the answer');
  // Finding a child by its labels costs more than observing it.
  const children = new Map<string, { observe(seconds: number): void }>();
  const shouldLog = createSampler();
  let active = 0;
  let waiting: (() => void)[] = [];
  metrics.gauge('http_server_active_requests', 'Requests in flight', ['class'], function () {
    this.set({ class: 'interactive' }, active);
  });

  function child(method: string, route: string, status: number): { observe(seconds: number): void } {
    const key = `${status} ${method} ${route}`;
    let found = children.get(key);
    if (found === undefined) {
      found = durations.labels(route, knownMethods.has(method) ? method : '_OTHER', String(status));
      children.set(key, found);
    }
    return found;
  }

  return {
    started: () => void active++,
    finished(request) {
      active--;
      if (active === 0 && waiting.length > 0) {
        for (const resolve of waiting) resolve();
        waiting = [];
      }
      const durationMs = performance.now() - request.operation.startedAt;
      child(request.method, request.route, request.status).observe(durationMs / 1000);
      if (request.aborted) aborts.inc();
      if (shouldLog(request.status)) logger.info(accessLine(request, durationMs), 'request');
    },
    rejected: (reason) => rejections.inc({ reason }),
    idle: () => (active === 0 ? Promise.resolve() : new Promise((resolve) => void waiting.push(resolve))),
  };
}

function accessLine(request: FinishedRequest, durationMs: number): Record<string, unknown> {
  const { operation } = request;
  return {
    requestId: operation.requestId,
    traceId: operation.traceId,
    spanId: operation.spanId,
    tenantId: operation.tenantId,
    subject: operation.actor,
    method: request.method,
    route: request.route,
    status: request.status,
    errorCode: operation.errorCode,
    durationMs: Math.round(durationMs * 100) / 100,
    bytesIn: request.bytesIn,
    aborted: request.aborted ? true : undefined,
    clientIp: operation.ip,
    userAgent: operation.userAgent,
  };
}

function createSampler(): (status: number) => boolean {
  let second = 0;
  let count = 0;
  return (status) => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      second = now;
      count = 0;
    }
    count++;
    return count <= fullLogPerSecond || status >= 300 || count % sampledShare === 0;
  };
}
