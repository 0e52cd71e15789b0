import type { EdgeAnswer, EdgeHandler } from '../../edge/contract.ts';
import { answerError, securityHeaders } from './answer.ts';
import type { Exchange, GatewayResponse } from './exchange.ts';
import type { Upstream } from './handler.ts';

/** Lets the edge answer requests of this process. */
export function edgeUpstream(edge: EdgeHandler): Upstream {
  return (req, res) => {
    const exchange = res.exchange!;
    const [path = '', query] = (req.url ?? '').split('?', 2);
    const answered = Promise.resolve(
      edge({
        method: req.method ?? '',
        path,
        query: new URLSearchParams(query),
        clientIp: exchange.clientIp,
        headers: req.headers,
        principal: exchange.principal,
        requestId: exchange.requestId,
        traceId: exchange.traceId,
      }),
    );
    answered.then((answer) => write(res, answer)).catch((error: unknown) => fail(res, exchange, error));
  };
}

function write(res: GatewayResponse, { status, headers, body }: EdgeAnswer): void {
  const length = status === 304 ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  res.writeHead(status, { ...securityHeaders, ...length, ...headers });
  res.end(res.req.method === 'HEAD' ? undefined : body);
}

function fail(res: GatewayResponse, exchange: Exchange, error: unknown): void {
  if (res.headersSent || res.destroyed) return void res.destroy();
  exchange.errorCode = answerError(res, error, exchange).code;
}
