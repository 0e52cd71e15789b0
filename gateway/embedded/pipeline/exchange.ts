import { ServerResponse, type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http';
import type { Principal } from '@idp/auth';
import type { Route } from '../../routing/route-schema.ts';

/** What the gateway knows of one request and its answer. */
export interface Exchange {
  requestId: string;
  traceId: string;
  startedAt: number;
  /** Path as the client sent it, without its query. */
  path: string;
  clientIp: string;
  bytesReadBefore: number;
  bytesWrittenBefore: number;
  route?: Route;
  principal?: Principal;
  /** When the service got the request, and when it began to answer. */
  handedOverAt?: number;
  answeredAt?: number;
  errorCode?: string;
  /** The answer depends on the header `API-Version`. */
  negotiated?: boolean;
  credentialSent?: boolean;
  /** The connection closes after this answer. */
  last?: boolean;
}

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** A response that knows its exchange and finishes the headers of whoever answers: a service, the edge or the gateway itself. */
export class GatewayResponse extends ServerResponse<IncomingMessage> {
  exchange: Exchange | undefined;

  override writeHead(status: number, message?: string, headers?: Headers): this;
  override writeHead(status: number, headers?: Headers): this;
  override writeHead(status: number, ...rest: (string | Headers | undefined)[]): this {
    const headers = rest.find((value): value is Headers => typeof value === 'object');
    if (headers !== undefined && !Array.isArray(headers)) {
      // One place for both forms a caller may have used: `setHeader` before and headers given here.
      for (const [name, value] of Object.entries(headers)) if (value !== undefined) this.setHeader(name, value);
    }
    if (this.exchange !== undefined) this.finishHeaders(this.exchange);
    const message = typeof rest[0] === 'string' ? [rest[0]] : [];
    return Array.isArray(headers) ? super.writeHead(status, ...message, headers) : super.writeHead(status, ...message);
  }

  private finishHeaders(exchange: Exchange): void {
    exchange.answeredAt ??= performance.now();
    const code = this.getHeader('x-error-code');
    if (code !== undefined) {
      exchange.errorCode = String(code);
      this.removeHeader('x-error-code');
    }
    if (exchange.credentialSent === true && !this.hasHeader('cache-control'))
      this.setHeader('cache-control', 'no-store');
    if (exchange.negotiated === true) this.appendVary('API-Version');
    if (exchange.last === true) this.setHeader('connection', 'close');
  }

  private appendVary(name: string): void {
    const vary = this.getHeader('vary');
    this.setHeader('vary', vary === undefined ? name : `${String(vary)}, ${name}`);
  }
}
