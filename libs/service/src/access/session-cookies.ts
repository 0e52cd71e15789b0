import type { IncomingHttpHeaders } from 'node:http';
import { ValidationError } from '@idp/errors';

/** Cookies of a signed-in browser (RFC 6265bis §4.1.3). The page can read the last one only. */
export interface SessionCookieNames {
  access: string;
  refresh: string;
  csrf: string;
}

const secure: SessionCookieNames = {
  access: '__Host-idp_at',
  refresh: '__Secure-idp_rt',
  csrf: '__Host-idp_csrf',
};
/** Browsers take the prefixes over HTTPS only. */
const plain: SessionCookieNames = { access: 'idp_at', refresh: 'idp_rt', csrf: 'idp_csrf' };

/** The names in use: prefixed ones where the platform is reached over HTTPS. Cookies of the other form are never looked at. */
export function sessionCookieNames(publicUrl: string): SessionCookieNames {
  return publicUrl.startsWith('https:') ? secure : plain;
}

/** The value of a cookie, undefined without one. Two of one name are 400: which of them counts would be anybody's guess. */
export function readSessionCookie(headers: IncomingHttpHeaders, name: string): string | undefined {
  const header = headers.cookie;
  if (header === undefined || !header.includes(name)) return undefined;
  let found: string | undefined;
  for (const pair of header.split(';')) {
    const end = pair.indexOf('=');
    if (end < 0 || pair.slice(0, end).trim() !== name) continue;
    if (found !== undefined) throw new ValidationError(`the cookie ${name} occurs twice`);
    found = pair.slice(end + 1).trim();
  }
  return found === '' ? undefined : found;
}
