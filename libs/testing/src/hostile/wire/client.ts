import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** An answer as it came. `status` 0: the connection was closed without one. */
export interface Answer {
  status: number;
  /** Lower-case names and values, in order. */
  headers: readonly (readonly [name: string, value: string])[];
  body: string;
  elapsedMs: number;
}

export interface Outgoing {
  method: string;
  /** Path and query as they go on the wire. */
  target: string;
  headers?: Readonly<Record<string, string>>;
  body?: Buffer | string;
}

const timeoutMs = 30_000;

/**
 * One request on a connection of its own; nothing is normalised or retried. A connection closed without an answer resolves with status 0,
 * a timeout or a refused connection rejects.
 */
export function send(baseUrl: string, { method, target, headers = {}, body }: Outgoing): Promise<Answer> {
  const base = new URL(baseUrl);
  const open = base.protocol === 'https:' ? httpsRequest : httpRequest;
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const request = open({
      method,
      host: base.hostname,
      port: base.port,
      path: target,
      headers: { ...headers, ...lengthOf(body), connection: 'close' },
      agent: false,
      timeout: timeoutMs,
      // The suites send headers the client's own parser would refuse to write.
      insecureHTTPParser: true,
      maxHeaderSize: 1024 * 1024,
    });
    const finish = (answer: Omit<Answer, 'elapsedMs'>) =>
      resolve({ ...answer, elapsedMs: performance.now() - startedMs });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      const done = () =>
        finish({
          status: response.statusCode ?? 0,
          headers: pairs(response.rawHeaders),
          body: Buffer.concat(chunks).toString(),
        });
      response.on('end', done).on('error', done);
    });
    request.on('timeout', () =>
      request.destroy(new Error(`${method} ${target.slice(0, 80)}: no answer in ${timeoutMs} ms`)),
    );
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') finish({ status: 0, headers: [], body: '' });
      else reject(error);
    });
    request.end(body);
  });
}

function lengthOf(body: Buffer | string | undefined): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}

function pairs(raw: readonly string[]): (readonly [string, string])[] {
  return Array.from(
    { length: raw.length / 2 },
    (_none, index) => [(raw[index * 2] ?? '').toLowerCase(), raw[index * 2 + 1] ?? ''] as const,
  );
}

/** The first value of a header. */
export function headerOf(answer: Answer, name: string): string | undefined {
  return answer.headers.find(([found]) => found === name)?.[1];
}

/** The body as JSON; undefined where it is none. */
export function jsonOf(answer: Answer): unknown {
  try {
    return JSON.parse(answer.body) as unknown;
  } catch {
    return undefined;
  }
}
