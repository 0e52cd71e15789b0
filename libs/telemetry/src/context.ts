import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known of the operation in hand: a request, the handling of one event, one run of a background task. */
export interface OperationContext {
  requestId: string;
  /** 32 hexadecimal digits, W3C Trace Context. */
  traceId: string;
  /** 16 hexadecimal digits: our own span. */
  spanId: string;
  /** The header for outgoing calls. */
  traceparent: string;
  tracestate?: string | undefined;
  /** `user:<id>` or `service:<name>`. */
  actor?: string | undefined;
  onBehalfOf?: string | undefined;
  tenantId?: string | undefined;
  sessionId?: string | undefined;
  ip?: string | undefined;
  userAgent?: string | undefined;
  /** Id of the event that caused the operation. */
  causationId?: string | undefined;
  /** Id shared by everything that follows from one first cause. */
  correlationId?: string | undefined;
  /** Aborts when the operation's deadline has passed or nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
  /** The request has been sent before: what is called for it is not called twice. */
  readonly isRetry?: boolean | undefined;
  /** Milliseconds left until the deadline; absent where there is none. */
  readonly remainingMs?: number | undefined;
}

const storage = new AsyncLocalStorage<OperationContext>();

/** Runs `fn(...args)` so that everything it awaits sees `context`. */
export function runInContext<T, A extends unknown[]>(context: OperationContext, fn: (...args: A) => T, ...args: A): T {
  return storage.run(context, fn, ...args);
}

/** The context of the operation in hand; undefined outside of one. */
export function currentContext(): OperationContext | undefined {
  return storage.getStore();
}
