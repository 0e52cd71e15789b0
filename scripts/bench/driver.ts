import { build, type Histogram } from 'hdr-histogram-js';
import { performance } from 'node:perf_hooks';
import { Pool } from 'undici';

export interface Target {
  url: string;
  headers?: Record<string, string>;
}

export interface Load {
  requests: number;
  seconds: number;
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

/**
 * Open loop: requests leave at a fixed rate whether or not earlier ones were answered. Latency counts from the moment a request
 * was due, so that a stall is not hidden by callers that wait. Values in microseconds.
 */
export async function openLoop(target: Target, ratePerSecond: number, seconds: number): Promise<Histogram> {
  const { request, close } = requester(target, 128);
  const latency = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  const started = performance.now();
  const total = ratePerSecond * seconds;
  const inFlight: Promise<void>[] = [];
  let sent = 0;
  while (sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - started) * ratePerSecond) / 1000));
    for (; sent < due; sent++) {
      const dueAt = started + (sent * 1000) / ratePerSecond;
      inFlight.push(
        request().then(() => latency.recordValue(Math.max(1, Math.round((performance.now() - dueAt) * 1000)))),
      );
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(inFlight);
  await close();
  return latency;
}
