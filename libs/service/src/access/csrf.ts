import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { PermissionError } from '@idp/errors';

/** Header that carries the CSRF value; a page of another site can neither read the value nor send the header. */
const csrfHeader = 'x-csrf-token';

/** What is kept of a CSRF value, in the claim `xsrf` and with the session: its SHA-256, base64url. */
export function csrfDigest(value: string): string {
  return hash('sha256', value, 'base64url');
}

/**
 * 403 `CSRF_FAILED` where a browser says that the request comes from a page of another origin (`Sec-Fetch-Site`, `Origin`) that is not a
 * registered one. Clients that send neither are no browsers and pass.
 */
export function requireOwnOrigin(
  headers: IncomingHttpHeaders,
  publicUrl: string,
  isRegistered: (origin: string) => boolean,
): void {
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return;
  const { origin } = headers;
  if (site === undefined && origin === undefined) return;
  if (origin !== undefined && (origin === new URL(publicUrl).origin || isRegistered(origin))) return;
  throw csrfFailed();
}

/** 403 `CSRF_FAILED` unless `X-CSRF-Token` is the value with this digest. */
export function requireCsrfToken(headers: IncomingHttpHeaders, digest: string | undefined): void {
  const value = headers[csrfHeader];
  if (typeof value !== 'string' || digest === undefined) throw csrfFailed();
  const [given, expected] = [Buffer.from(csrfDigest(value)), Buffer.from(digest)];
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw csrfFailed();
}

function csrfFailed(): PermissionError {
  return new PermissionError('the cross-site request check failed', { code: 'CSRF_FAILED' });
}
