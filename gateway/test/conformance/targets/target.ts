import type { Capability } from '../case.ts';
import type { Issuer } from './issuer.ts';

/** A request as a service of the suite got it. */
export interface Seen {
  service: string;
  method: string;
  url: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

/** A gateway with the routes and services of the suite. */
export interface Target extends AsyncDisposable {
  name: 'embedded' | 'envoy';
  capabilities: ReadonlySet<Capability>;
  port: number;
  issuer: Issuer;
  /** Moves the clock of the rate limits. */
  advance(seconds: number): void;
  /** Requests the services got, the first first. */
  seen: Seen[];
  /** Lines of the access log. */
  log: Record<string, unknown>[];
}
