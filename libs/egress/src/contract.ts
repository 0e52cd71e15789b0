import type { EgressClass } from './classes.ts';

export interface CheckOptions {
  class: EgressClass;
  tenantId: string;
  signal?: AbortSignal;
}

export interface FetchOptions extends CheckOptions {
  /** What the call is for, in two or three words; for logs. */
  purpose: string;
}

export interface EgressInit {
  /** Default GET. */
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
}

interface Answer {
  status: number;
  /** Lower-case names; repeated ones joined by a comma; no cookies. */
  headers: Record<string, string>;
  /** Where the answer came from, after redirects. */
  url: string;
}

export interface EgressResponse extends Answer {
  body: Buffer;
}

export interface EgressStream extends Answer, AsyncDisposable {
  body: AsyncIterable<Buffer>;
}
