import { ValidationError } from '@idp/errors';
import { acceptedEncodings } from './body.ts';

const ownedByTheCall = new Set([
  'host',
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** All that another origin gets to see after a redirect: whatever else the caller set may be a credential. */
const harmless = new Set(['accept', 'accept-encoding', 'accept-language', 'user-agent']);

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const value = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Lower-cases and completes request headers. Throws {@link ValidationError} for a header that belongs to the connection or is malformed. */
export function requestHeaders(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  const result: Record<string, string> = { 'user-agent': 'idp', accept: '*/*', 'accept-encoding': acceptedEncodings };
  for (const [name, text] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!token.test(lower) || !value.test(text) || ownedByTheCall.has(lower)) {
      throw new ValidationError('A request header may not be set', {
        details: { issues: [{ path: `headers.${lower}`, message: 'may not be set for this call' }] },
      });
    }
    result[lower] = text;
  }
  return result;
}

export function headersForOtherOrigin(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => harmless.has(name)));
}

/** Headers of an answer: repeated ones joined by a comma, cookies left out (nothing here keeps any). */
export function responseHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, text] of Object.entries(headers)) {
    if (text === undefined || name === 'set-cookie') continue;
    result[name] = Array.isArray(text) ? text.join(', ') : text;
  }
  return result;
}
