import type { Principal } from '@idp/auth';

/** A request to the edge, already routed and checked. */
export interface EdgeRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  /** Address of the client. */
  clientIp: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Set with a verified credential. */
  principal: Principal | undefined;
  requestId: string;
  traceId: string;
}

/** A whole answer. */
export interface EdgeAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string | Buffer;
}

export type EdgeHandler = (request: EdgeRequest) => Promise<EdgeAnswer> | EdgeAnswer;

const jsonType = 'application/json; charset=utf-8';

/** `{ data, meta }` of the platform. */
export function dataAnswer(request: EdgeRequest, data: unknown): EdgeAnswer {
  const meta = { requestId: request.requestId, traceId: request.traceId };
  return { status: 200, headers: { 'content-type': jsonType }, body: JSON.stringify({ data, meta }) };
}

/** True when `If-None-Match` names this entity tag (weak comparison, RFC 9110 §13.1.2). */
export function matchesEtag(request: EdgeRequest, etag: string): boolean {
  const header = request.headers['if-none-match'];
  if (typeof header !== 'string') return false;
  const plain = (tag: string) => tag.trim().replace(/^W\//, '');
  return header.split(',').some((tag) => tag.trim() === '*' || plain(tag) === plain(etag));
}

/** True when the client takes gzip. */
export function acceptsGzip(request: EdgeRequest): boolean {
  const header = request.headers['accept-encoding'];
  return typeof header === 'string' && /(?:^|,)\s*gzip\s*(?:;\s*q=(?:1|0?\.[1-9])[\d.]*\s*)?(?:,|$)/i.test(header);
}
