import { setTimeout as pause } from 'node:timers/promises';
import { TimeoutError, UnavailableError } from '@idp/errors';
import { currentContext, type Metrics } from '@idp/telemetry';
import { isBrokenCircuitError } from 'cockatiel';
import { Agent } from 'undici';
import { attempt, FailedAttempt, type Attempt, type ServiceAnswer } from './attempt.ts';
import { createBreaker } from './breaker.ts';
import { createRetryBudget } from './retry-budget.ts';

export interface ServiceCall {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  path: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Whether sending it twice does no more than sending it once; default: all but POST and PATCH. */
  isIdempotent?: boolean;
  /** Default 2,000; never more than the caller's own request has left. */
  timeoutMs?: number;
  /** Largest body that is read; default 1 MiB. */
  bytesMax?: number;
}

/** Calls to one service of the platform. */
export interface ServiceClient extends AsyncDisposable {
  /**
   * The answer, whatever it says below 500. 503 `UNAVAILABLE` where the service fails or its circuit is open, 504
   * `REQUEST_TIMEOUT` where it does not answer in time.
   */
  call(call: ServiceCall): Promise<ServiceAnswer>;
}

export interface ServiceClientOptions {
  /** Name of the service that is called: the label of metrics, and in messages. */
  target: string;
  /** `http://host:port`. */
  baseUrl: string;
  /** Credential for the target, asked for at every call, and once more after a 401, which names what was `refused`; without it none is sent. */
  token?: (after?: { refused: string }) => Promise<string>;
  metrics?: Metrics;
  random?: () => number;
}

const connectMs = 500;
const totalMs = 2_000;
/** For the way back. */
const marginMs = 20;
const retriesMax = 2;
const bytesMaxDefault = 1024 * 1024;

/**
 * One pool of connections, breaker and retry budget for one target. What is idempotent is sent up to three times, 50 to 500 ms apart, as
 * long as budget and time last; not for a request that is a retry itself.
 */
export function createServiceClient(options: ServiceClientOptions): ServiceClient {
  const { target, token, metrics, random = Math.random } = options;
  const base = options.baseUrl.replace(/\/+$/, '');
  const agent = new Agent({ connect: { timeout: connectMs }, connections: 64, pipelining: 1 });
  const breaker = createBreaker();
  const budget = createRetryBudget();
  const calls = metrics?.counter('client_calls_total', 'Calls to other services', ['target', 'outcome']);

  async function send(call: ServiceCall, time: Time, count: number): Promise<ServiceAnswer> {
    const headers = headersOf(call, count);
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const to = { url: `${base}${call.path}`, method: call.method, body, bytesMax: call.bytesMax ?? bytesMaxDefault };
    const sendAs = (credential: string): Promise<ServiceAnswer> =>
      attempt(agent, { ...to, headers: { ...headers, authorization: `Bearer ${credential}` }, ...time });
    if (token === undefined) return attempt(agent, { ...to, headers, ...time });
    const credential = await token();
    const answer = await sendAs(credential);
    if (answer.status !== 401) return answer;
    // Its signing key may have been revoked. Nothing was done: whatever the call is, it may be sent again.
    const next = await token({ refused: credential });
    return next === credential ? answer : sendAs(next);
  }

  async function tryOften(call: ServiceCall, time: Time): Promise<ServiceAnswer> {
    const mayRetry = call.isIdempotent ?? !['POST', 'PATCH'].includes(call.method);
    budget.earn();
    for (let count = 1; ; count += 1) {
      try {
        return await breaker.execute(() => send(call, time, count));
      } catch (error) {
        if (!mayRetry || !(error instanceof FailedAttempt) || error.isTimeout || count > retriesMax) throw error;
        if (breaker.isOpen || currentContext()?.isRetry === true) throw error;
        const waitMs = error.retryAfterMs ?? 50 + random() * 450;
        if (performance.now() + waitMs >= time.until || !budget.spend()) throw error;
        await pause(waitMs, undefined, { signal: AbortSignal.any([time.limit, time.caller]) });
      }
    }
  }

  return {
    async call(call) {
      const time = timeFor(target, call.timeoutMs ?? totalMs);
      try {
        const answer = await tryOften(call, time);
        calls?.inc({ target, outcome: 'answered' });
        return answer;
      } catch (error) {
        const failure = failureOf(target, error);
        calls?.inc({ target, outcome: failure instanceof TimeoutError ? 'timeout' : 'failed' });
        throw failure;
      }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

type Time = Pick<Attempt, 'limit' | 'caller'> & {
  /** `performance.now()` at which the first of the two is over. */
  until: number;
};

/**
 * A caller may have less time than the call: who comes with a short deadline must not be able to open the circuit for all others.
 * Throws TimeoutError where it has none.
 */
function timeFor(target: string, limitMs: number): Time {
  const { signal, remainingMs = Number.POSITIVE_INFINITY } = currentContext() ?? {};
  const restMs = Math.floor(remainingMs - marginMs);
  if (restMs <= 0) throw new TimeoutError(`there is no time left to call ${target}`);
  const callers = signal === undefined ? [] : [signal];
  if (restMs < limitMs) callers.push(AbortSignal.timeout(restMs));
  return {
    limit: AbortSignal.timeout(limitMs),
    caller: AbortSignal.any(callers),
    until: performance.now() + Math.min(limitMs, restMs),
  };
}

function headersOf({ headers, body }: ServiceCall, count: number): Record<string, string> {
  const context = currentContext();
  const { remainingMs } = context ?? {};
  return {
    accept: 'application/json',
    'x-envoy-attempt-count': String(count),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(context !== undefined && { traceparent: context.traceparent, 'x-request-id': context.requestId }),
    ...(remainingMs !== undefined &&
      Number.isFinite(remainingMs) && {
        'x-request-deadline-ms': String(Math.max(1, Math.floor(remainingMs - marginMs))),
      }),
    ...headers,
  };
}

function failureOf(target: string, cause: unknown): Error {
  if (cause instanceof TimeoutError || cause instanceof UnavailableError) return cause;
  const late = cause instanceof FailedAttempt ? cause.isTimeout : (cause as Error).name === 'AbortError';
  if (late) return new TimeoutError(`${target} did not answer in time`, { cause });
  const why = isBrokenCircuitError(cause) ? 'is not called while it fails' : 'cannot be reached';
  return new UnavailableError(`the service ${target} ${why}`, { cause });
}
