import { currentContext, runInContext } from '@idp/telemetry';

const loadMs = 30_000;

/**
 * Runs a load that several operations wait for outside the deadline of the one that came first: its ids and its tenant stay,
 * its signal does not.
 */
export function detached<T>(load: () => Promise<T>): Promise<T> {
  const context = currentContext();
  if (context === undefined) return load();
  const { requestId, traceId, spanId, traceparent, tracestate, actor, onBehalfOf, tenantId, correlationId } = context;
  const ids = { requestId, traceId, spanId, traceparent, tracestate, actor, onBehalfOf, tenantId, correlationId };
  return runInContext({ ...ids, signal: AbortSignal.timeout(loadMs) }, load);
}

/** The answer, unless `signal` aborts first; what is waited for goes on. */
export function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the reason is the caller's own
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
