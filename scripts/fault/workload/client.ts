import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceProcess } from '../stack/service-process.ts';
import type { Tenant } from '../stack/tenants.ts';
import type { Outcome } from './history.ts';

export interface Call {
  method: string;
  path: string;
  body?: unknown;
  /** Sent with every try, so that a repeated one is recognised. */
  idempotencyKey?: string;
  /** The connection is not kept: nothing of it is left in the process when the load is over. */
  closes?: boolean;
}

export interface CallResult {
  outcome: Outcome;
  tries: number;
  status?: number;
  process: string;
  body: string;
  startedAt: number;
}

/** What one try got from a process. */
export interface Answer {
  process: string;
  method: string;
  /** By `performance.now()`. */
  at: number;
  ms: number;
  /** Undefined: none. */
  status: number | undefined;
  timedOut: boolean;
}

const callTimeoutMs = 5_000;
const retryMs = { first: 50, longest: 1_000 };

export interface CallOptions {
  patienceMs: number;
  /** Index of the process that is asked first. */
  first: number;
  /** Hears of every try. */
  onAnswer?(answer: Answer): void;
}

/**
 * Calls one of these processes until there is a clear answer or `patienceMs` is over. 2xx: it happened. 4xx: it did not, unless
 * an earlier try was left without an answer; a deletion that then finds nothing did happen. All else is tried again.
 */
export async function callUntilClear(
  targets: readonly ServiceProcess[],
  token: string,
  call: Call,
  { patienceMs, first, onAnswer }: CallOptions,
): Promise<CallResult> {
  const startedAt = Date.now();
  let pauseMs = retryMs.first;
  let doubt = false;
  for (let tries = 1; ; tries++) {
    const target = targets[(first + tries - 1) % targets.length]!;
    const sentAt = performance.now();
    let timedOut = false;
    const answer = await send(target, token, call).catch((error: Error) => {
      timedOut = error.name === 'TimeoutError';
      return undefined;
    });
    const ms = performance.now() - sentAt;
    onAnswer?.({ process: target.name, method: call.method, at: sentAt, ms, status: answer?.status, timedOut });
    const base = { tries, process: target.name, body: answer?.body ?? '', startedAt };
    const result = answer === undefined ? base : { ...base, status: answer.status };
    if (answer !== undefined && answer.status < 300) return { ...result, outcome: 'ok' };
    if (answer !== undefined && isClearRefusal(answer.status)) {
      if (!doubt) return { ...result, outcome: 'fail' };
      return { ...result, outcome: call.method === 'DELETE' && answer.status === 404 ? 'ok' : 'unknown' };
    }
    // 503 and 429 are answers given before anything was done; every other one leaves it open.
    if (answer === undefined || (answer.status !== 503 && answer.status !== 429)) doubt = true;
    if (Date.now() - startedAt > patienceMs) return { ...result, outcome: doubt ? 'unknown' : 'fail' };
    await delay(pauseMs);
    pauseMs = Math.min(pauseMs * 2, retryMs.longest);
  }
}

/** 409 with an idempotency key may speak of our own first try that still runs. */
function isClearRefusal(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 408, 409, 425, 429].includes(status);
}

async function send(target: ServiceProcess, token: string, call: Call): Promise<{ status: number; body: string }> {
  const { method, path, body, idempotencyKey, closes } = call;
  const response = await fetch(target.url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(closes === true ? { connection: 'close' } : {}),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    signal: AbortSignal.timeout(callTimeoutMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.text() };
}

/** An access token of the tenant's owner, or of somebody else. */
export async function signIn(
  auth: Pick<ServiceProcess, 'url'>,
  { email, password, tenant }: Pick<Tenant, 'email' | 'password'> & { tenant?: string },
): Promise<string> {
  const response = await fetch(`${auth.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password, tenant }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`sign-in of ${email} was answered ${response.status}: ${text}`);
  return (JSON.parse(text) as { data: { accessToken: string } }).data.accessToken;
}
