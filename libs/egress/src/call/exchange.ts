import { Client } from 'undici';
import type { Dispatcher } from 'undici';
import type { AdmittedTarget } from '../guard/guard.ts';
import { pinnedConnector } from './connect.ts';
import { failureOf } from './failure.ts';
import { responseHeaders } from './headers.ts';

export interface ExchangeRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** One request and the beginning of its answer. `close` must be called whatever happens to the body. */
export interface Exchange {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: AsyncIterable<Buffer>;
  close(): Promise<void>;
}

const headersMax = 16 * 1024;

/**
 * Sends one request over a connection of its own: nothing is shared between tenants or kept for later, proxy variables are not read.
 * The signal bounds everything, so undici's own clocks are off. Rejects with {@link failureOf}.
 */
export async function exchange(
  target: AdmittedTarget,
  request: ExchangeRequest,
  { signal, ca }: { signal: AbortSignal; ca?: readonly string[] },
): Promise<Exchange> {
  const client = new Client(target.url.origin, {
    connect: pinnedConnector({ addresses: target.addresses, ...(ca === undefined ? {} : { ca }) }),
    maxHeaderSize: headersMax,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const close = () => client.destroy();
  try {
    const answer = await client.request({
      method: request.method as Dispatcher.HttpMethod,
      path: `${target.url.pathname}${target.url.search}`,
      headers: request.headers,
      body: request.body ?? null,
      reset: true,
      signal,
    });
    return { status: answer.statusCode, headers: responseHeaders(answer.headers), body: answer.body, close };
  } catch (error) {
    await close();
    throw signal.aborted ? signal.reason : failureOf(error);
  }
}
