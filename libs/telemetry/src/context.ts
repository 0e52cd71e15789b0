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
  tracestate?: string;
  /** `user:<id>` or `service:<name>`. */
  actor?: string;
  onBehalfOf?: string;
  tenantId?: string;
  sessionId?: string;
  ip?: string;
  userAgent?: string;
  /** Id of the event that caused the operation. */
  causationId?: string;
  /** Id shared by everything that follows from one first cause. */
  correlationId?: string;
}

const storage = new AsyncLocalStorage<OperationContext>();

/** Runs `fn` so that everything it awaits sees `context`. */
export function runInContext<T>(context: OperationContext, fn: () => T): T {
  return storage.run(context, fn);
}

/** The context of the operation in hand; undefined outside of one. */
export function currentContext(): OperationContext | undefined {
  return storage.getStore();
}
