import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { JwksSource } from '@idp/auth';
import type { Seen } from './target.ts';

/** Answers requests of one service. */
export type Service = (req: IncomingMessage, res: ServerResponse) => void;

/** Names of the suite's services; `dead` is one nobody runs. */
export const serviceNames = ['auth', 'one', 'two', 'edge'] as const;

/**
 * Services that keep what they got and answer with it, or as the last segments of the path say: `/status/409`, `/reset`,
 * `/hang`, `/large`, `/own-headers`. Readiness and keys are answered and not kept.
 */
export function createServices(jwks: JwksSource): { seen: Seen[]; services: Record<string, Service> } {
  const seen: Seen[] = [];
  const services = serviceNames.map((service): [string, Service] => [
    service,
    (req, res) => void serve(service, req, res, seen, jwks),
  ]);
  return { seen, services: Object.fromEntries(services) };
}

async function serve(
  service: string,
  req: IncomingMessage,
  res: ServerResponse,
  seen: Seen[],
  jwks: JwksSource,
): Promise<void> {
  const { method = '', url = '', headers } = req;
  if (url === '/readyz') return void res.end();
  if (url === '/.well-known/jwks.json' && method === 'GET') return sendJson(res, 200, { keys: await jwks.keys() });
  const received: Seen = { service, method, url, headers: { ...headers }, body: '' };
  // Kept before the body is there, which a gateway may cut off.
  seen.push(received);
  const body = await text(req).catch(() => undefined);
  if (body === undefined) return;
  received.body = body;
  answer(received, res);
}

function answer(received: Seen, res: ServerResponse): void {
  const path = received.url.split('?', 1)[0]!;
  const status = /\/status\/(\d{3})$/.exec(path)?.[1];
  if (status !== undefined) {
    res.setHeader('x-error-code', 'OF_THE_SERVICE');
    return sendJson(res, Number(status), { error: { code: 'OF_THE_SERVICE', message: 'of the service' } });
  }
  if (path.endsWith('/reset')) return void res.destroy();
  if (path.endsWith('/hang')) return;
  if (path.endsWith('/large')) return sendJson(res, 200, { text: 'x'.repeat(10_000) });
  if (path.endsWith('/own-headers')) {
    res.setHeader('server', 'service/1').setHeader('x-powered-by', 'service').setHeader('cache-control', 'max-age=60');
    res.setHeader('link', '</other>; rel="next"').setHeader('vary', 'Accept');
  }
  sendJson(res, 200, received);
}

function sendJson(res: ServerResponse, status: number, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
}
