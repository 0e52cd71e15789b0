/** Header of a token that may be looked at further: exactly these three members. */
interface TokenHeader {
  alg: string;
  kid: string;
  typ: 'at+jwt';
}

export interface TokenText {
  header: TokenHeader;
  payload: unknown;
}

/** A token is at most 8 KiB; nothing beyond is parsed. */
export const tokenBytesMax = 8192;

const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a compact JWS (RFC 7515 §7.1) without checking its signature; undefined for anything but canonical base64url,
 * UTF-8 JSON objects in the form `JSON.stringify` writes (so no member appears twice) and a header of `alg`, `kid`,
 * `typ` alone. A header that could name a key (`jwk`, `jku`, `x5c`), an extension (`crit`) or a nested token (`cty`) is
 * refused before any key is looked at.
 */
export function readTokenText(token: string): TokenText | undefined {
  if (token.length > tokenBytesMax || !compact.test(token)) return undefined;
  const [first = '', second = '', third = ''] = token.split('.');
  if (decodeCanonical(third) === undefined) return undefined;
  const header = parseObject(decodeCanonical(first));
  const payload = parseObject(decodeCanonical(second));
  if (header === undefined || payload === undefined || !isTokenHeader(header)) return undefined;
  return { header, payload };
}

function decodeCanonical(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
}

function parseObject(bytes: Buffer | undefined): Record<string, unknown> | undefined {
  if (bytes === undefined) return undefined;
  try {
    const text = decoder.decode(bytes);
    const value: unknown = JSON.parse(text);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    return JSON.stringify(value) === text ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isTokenHeader(header: Record<string, unknown>): header is Record<string, unknown> & TokenHeader {
  const { alg, kid, typ } = header;
  return (
    Object.keys(header).length === 3 &&
    typeof alg === 'string' &&
    typeof kid === 'string' &&
    kid !== '' &&
    typ === 'at+jwt'
  );
}
