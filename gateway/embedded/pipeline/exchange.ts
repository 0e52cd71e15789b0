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
  override writeHead(status: number, second?: string | Headers, third?: Headers): this {
    const given = typeof second === 'string' ? third : second;
    // Node's own answers to broken requests come as a list and need nothing of ours.
    const headers = Array.isArray(given) ? given : this.withOurs(given);
    return typeof second === 'string' ? super.writeHead(status, second, headers) : super.writeHead(status, headers);
  }

  /**
   * The headers given here, in lower case as everybody in this process writes them, with what the gateway adds. What was set before
   * with `setHeader` stays where it is: moving the one to the other costs more than the rest of the gateway.
   */
  private withOurs(given: OutgoingHttpHeaders | undefined): OutgoingHttpHeaders {
    const { exchange } = this;
    const headers = given ?? {};
    if (exchange === undefined) return headers;
    exchange.answeredAt ??= performance.now();
    const code = headers['x-error-code'] ?? this.getHeader('x-error-code');
    if (code !== undefined) {
      exchange.errorCode = String(code);
      delete headers['x-error-code'];
      this.removeHeader('x-error-code');
    }
    if (exchange.credentialSent === true && !('cache-control' in headers) && !this.hasHeader('cache-control'))
      headers['cache-control'] = 'no-store';
    if (exchange.negotiated === true) {
      const vary = headers['vary'] ?? this.getHeader('vary');
      headers['vary'] = vary === undefined ? 'API-Version' : `${String(vary)}, API-Version`;
    }
    if (exchange.last === true) headers['connection'] = 'close';
    return headers;
  }
}
