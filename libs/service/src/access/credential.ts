import type { IncomingHttpHeaders } from 'node:http';
import { AuthError } from '@idp/errors';
import { readSessionCookie, type SessionCookieNames } from './session-cookies.ts';

/** What a request proves its caller with, and where it stood. */
export interface Credential {
  text: string;
  from: 'header' | 'cookie';
}

/**
 * The credential of a request: the bearer token (RFC 6750 §2.1), else the access cookie. With the header the cookie is ignored, whatever the
 * header is worth. Undefined without either; 401 `INVALID_TOKEN` for a header of another form, 400 for two cookies of the name.
 */
export function credentialOf(headers: IncomingHttpHeaders, cookies: SessionCookieNames): Credential | undefined {
  const { authorization } = headers;
  if (authorization !== undefined) {
    const match = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization);
    if (match === null) throw new AuthError('the credential is not a bearer token', { code: 'INVALID_TOKEN' });
    return { text: match[1]!, from: 'header' };
  }
  const cookie = readSessionCookie(headers, cookies.access);
  if (cookie === undefined) return undefined;
  // Keys are for programs; a browser that holds one has been given it by somebody else.
  if (cookie.startsWith('idp_')) throw new AuthError('the cookie is no access token', { code: 'INVALID_TOKEN' });
  return { text: cookie, from: 'cookie' };
}
