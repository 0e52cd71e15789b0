import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { JwksSource } from '@idp/auth';
import type { Seen } from './target.ts';

/** Answers requests of one service. */
export type Service = (req: IncomingMessage, res: ServerResponse) => void;

/** Names of the suite's services; `dead` is one nobody runs. */
export const serviceNames = ['auth', 'one', 'two', 'edge'] as const;

/**
 * Services that keep what they got and answer with it, or as the end of the path says (`answers` below, `/status/409`). Readiness and
 * keys are answered and not kept.
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

type Answering = (received: Seen, res: ServerResponse) => void;

/** By the last segment of the path. */
const answers: Readonly<Record<string, Answering>> = {
  reset: (_, res) => void res.destroy(),
  hang: () => undefined,
  half: (_, res) => {
    res.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' });
    res.write('half', () => res.destroy());
  },
  busy: (_, res) => refuse(res.setHeader('retry-after', '1'), 503),
  'once-busy': (received, res) => {
    if (received.headers['x-envoy-attempt-count'] === '2') return sendJson(res, 200, received);
    refuse(res.setHeader('retry-after', '1'), 503);
  },
  large: (_, res) => sendJson(res, 200, { text: 'x'.repeat(10_000) }),
  cors: (received, res) =>
    sendJson(res.setHeader('access-control-allow-origin', 'https://of.the.service'), 200, received),
  'own-headers': (received, res) => {
    res.setHeader('server', 'service/1').setHeader('x-powered-by', 'service').setHeader('cache-control', 'max-age=60');
    sendJson(res.setHeader('link', '</other>; rel="next"').setHeader('vary', 'Accept'), 200, received);
  },
  events: (_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: 1\n\n');
    res.end('data: 2\n\n');
  },
};

function answer(received: Seen, res: ServerResponse): void {
  const segments = received.url.split('?', 1)[0]!.split('/');
  const last = segments.at(-1) ?? '';
  if (segments.at(-2) === 'status') return refuse(res, Number(last));
  const special = answers[last];
  if (special === undefined) sendJson(res, 200, received);
  else special(received, res);
}

function refuse(res: ServerResponse, status: number): void {
  res.setHeader('x-error-code', 'OF_THE_SERVICE');
  sendJson(res, status, { error: { code: 'OF_THE_SERVICE', message: 'of the service' } });
}

function sendJson(res: ServerResponse, status: number, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
}
