import { TimeoutError } from '@idp/errors';
import type { OperationContext } from '@idp/telemetry';
import type { RoutePlan } from './route-plan.ts';

/** One request: its ids, its caller once known, and the signal that ends its work. */
export class RequestOperation implements OperationContext {
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly traceparent: string;
  readonly tracestate: string | undefined;
  readonly ip: string;
  readonly userAgent: string | undefined;
  readonly isRetry: boolean;
  /** `performance.now()` at arrival. */
  readonly startedAt: number;
  /** `performance.now()` by which the answer is due; Infinity for streams. */
  deadlineAt: number = Infinity;
  actor: string | undefined = undefined;
  onBehalfOf: string | undefined = undefined;
  tenantId: string | undefined = undefined;
  sessionId: string | undefined = undefined;
  /** Version of the tenant's rights the caller has seen (`X-Authz-Version`). */
  seenVersion: number | undefined = undefined;
  /** What the route declares; undefined where none matched. */
  plan: RoutePlan | undefined = undefined;
  /** Code of the error that was answered. */
  errorCode: string | undefined = undefined;
  #abort: AbortController | undefined = undefined;
  #reason: Error | undefined = undefined;

  constructor(parts: {
    requestId: string;
    traceId: string;
    spanId: string;
    traceparent: string;
    tracestate: string | undefined;
    ip: string;
    userAgent: string | undefined;
    startedAt: number;
    isRetry?: boolean;
  }) {
    this.requestId = parts.requestId;
    this.traceId = parts.traceId;
    this.spanId = parts.spanId;
    this.traceparent = parts.traceparent;
    this.tracestate = parts.tracestate;
    this.ip = parts.ip;
    this.userAgent = parts.userAgent;
    this.startedAt = parts.startedAt;
    this.isRetry = parts.isRetry ?? false;
  }

  /** Aborts when the deadline has passed or the client has gone. Made at first use: most requests never look. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#reason !== undefined) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  /** Milliseconds left until the deadline; never negative. */
  get remainingMs(): number {
    return Math.max(0, this.deadlineAt - performance.now());
  }

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  abort(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#abort?.abort(reason);
  }
}

/** The reason of a signal whose request ran out of time. */
export function deadlineExceeded(): TimeoutError {
  return new TimeoutError('the request took too long');
}
