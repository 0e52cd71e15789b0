import { build, type Histogram } from 'hdr-histogram-js';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';

export interface Target {
  url: string;
  headers?: Record<string, string>;
}

export interface Load {
  requests: number;
  seconds: number;
}

/** A call of the JSON API of one server. */
export interface ApiCall {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  token?: string;
  body?: unknown;
}

export interface ApiCaller extends AsyncDisposable {
  /** The text of the answer. @throws Error for any status but 2xx. */
  call(call: ApiCall): Promise<string>;
}

/** Calls over connections that are kept, at most this many. */
export function openApi(origin: string, connections: number): ApiCaller {
  const pool = new Pool(origin, { connections, pipelining: 1 });
  return {
    async call({ method, path, token, body }) {
      const answer = await pool.request({
        method,
        path,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.body.text();
      if (answer.statusCode < 200 || answer.statusCode > 299) {
        throw new Error(`${method} ${path} was answered ${answer.statusCode}: ${text}`);
      }
      return text;
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

function requester(target: Target, connections: number) {
  const url = new URL(target.url);
  const pool = new Pool(url.origin, { connections, pipelining: 1 });
  const options = { method: 'GET' as const, path: url.pathname + url.search, headers: target.headers ?? {} };
  const request = async (): Promise<void> => {
    const answer = await pool.request(options);
    if (answer.statusCode !== 200)
      throw new Error(`${target.url} answered ${answer.statusCode}: ${await answer.body.text()}`);
    await answer.body.dump();
  };
  return { request, close: () => pool.close() };
}

/** Closed loop: `connections` callers, each sending its next request when the last is answered, for `seconds`. */
export async function closedLoop(target: Target, seconds: number, connections = 16): Promise<Load> {
  const { request, close } = requester(target, connections);
  const started = performance.now();
  const end = started + seconds * 1000;
  let requests = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < end) {
      await request();
      requests++;
    }
  };
  await Promise.all(Array.from({ length: connections }, caller));
  const load = { requests, seconds: (performance.now() - started) / 1000 };
  await close();
  return load;
}

/** The same calls to one target, see `callsAtRate`. */
export async function openLoop(target: Target, ratePerSecond: number, seconds: number): Promise<Histogram> {
  const { request, close } = requester(target, 128);
  const latency = await callsAtRate(request, ratePerSecond, seconds);
  await close();
  return latency;
}

/** With less than this until the next call is due, its moment is watched for: timers are late by as much. */
const watchedMs = 3;

/**
 * Open loop: calls begin at a fixed rate whether or not earlier ones have ended. Latency counts from the moment a call was due, so that
 * a stall is not hidden by callers that wait. Values in microseconds.
 */
export async function callsAtRate(
  call: () => Promise<unknown>,
  ratePerSecond: number,
  seconds: number,
): Promise<Histogram> {
  const latency = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  const started = performance.now();
  const total = ratePerSecond * seconds;
  const dueAt = (index: number): number => started + (index * 1000) / ratePerSecond;
  const inFlight: Promise<void>[] = [];
  let sent = 0;
  while (sent < total) {
    for (; sent < total && dueAt(sent) <= performance.now(); sent++) {
      const at = dueAt(sent);
      inFlight.push(call().then(() => latency.recordValue(Math.max(1, Math.round((performance.now() - at) * 1000)))));
    }
    const waitMs = dueAt(sent) - performance.now();
    await (waitMs > watchedMs ? pause(waitMs - watchedMs) : new Promise((resolve) => setImmediate(resolve)));
  }
  await Promise.all(inFlight);
  return latency;
}
