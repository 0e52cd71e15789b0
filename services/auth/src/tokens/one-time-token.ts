import { createHash, randomBytes } from 'node:crypto';

/** Text for a link that is sent by mail: 256 random bits. */
export function makeOneTimeToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of it; undefined for a text that cannot be one. */
export function hashOneTimeToken(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  // Of the last character only two bits count: every other spelling of the same bytes is refused.
  return bytes.toString('base64url') === text ? createHash('sha256').update(bytes).digest() : undefined;
}
