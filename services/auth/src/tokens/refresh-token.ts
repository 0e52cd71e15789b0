import { createHmac, timingSafeEqual } from 'node:crypto';

/** Text form `r1.<session>.<counter>.<mac>`: session id, whole number, HMAC-SHA-256 in base64url. */
export interface RefreshToken {
  sessionId: string;
  counter: number;
  mac: Buffer;
}

export const macKeyBytes = 32;

const form = /^r1\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.(0|[1-9]\d{0,14})\.([\w-]{43})$/;

/** Reads the text form; undefined for anything else, non-canonical base64url included. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, sessionId = '', counter = '', macText = ''] = match;
  const mac = Buffer.from(macText, 'base64url');
  if (mac.toString('base64url') !== macText) return undefined;
  return { sessionId, counter: Number(counter), mac };
}

/** The token of a session at one counter; the same input gives the same text. */
export function formatRefreshToken(sessionId: string, counter: number, macKey: Uint8Array): string {
  return `r1.${sessionId}.${counter}.${macOf(sessionId, counter, macKey).toString('base64url')}`;
}

/** Whether the token was made with this session's key. */
export function isGenuine(token: RefreshToken, macKey: Uint8Array): boolean {
  return timingSafeEqual(macOf(token.sessionId, token.counter, macKey), token.mac);
}

function macOf(sessionId: string, counter: number, macKey: Uint8Array): Buffer {
  return createHmac('sha256', macKey).update(`r1.${sessionId}.${counter}`).digest();
}
