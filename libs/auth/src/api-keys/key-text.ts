import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Whose rights a key has: a person's, or a service account's. */
export type ApiKeyKind = 'key' | 'svc';

/** The parts of a key that stand in its text `idp_<kind>_<kid><secret><crc>`, separated as its form says. */
export interface ApiKeyText {
  kind: ApiKeyKind;
  /** Public part, by which the key is found. */
  kid: string;
  secret: string;
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const kidDigits = 8;
const secretDigits = 43;
const crcDigits = 6;
const form = /^idp_(key|svc)_([0-9A-Za-z]{8})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

/** Whether a credential claims to be an API key; what follows decides whether it is one. */
export function looksLikeApiKey(text: string): boolean {
  return text.startsWith('idp_');
}

/**
 * The parts of a key's text; undefined for any other form and for a checksum that does not fit, so that a mistyped or truncated
 * key is told from a wrong one without asking anybody. The checksum is CRC-32 (ISO 3309) of all characters before it.
 */
export function parseApiKey(text: string): ApiKeyText | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, kind = '', kid = '', secret = '', checksum = ''] = match;
  if (checksumOf(text.slice(0, -crcDigits)) !== checksum) return undefined;
  return { kind: kind as ApiKeyKind, kid, secret };
}

/** The text of a key. */
export function formatApiKey({ kind, kid, secret }: ApiKeyText): string {
  const body = `idp_${kind}_${kid}_${secret}`;
  return body + checksumOf(body);
}

/** A secret of 256 random bits; with a `kid` it is the next secret of that key. */
export function makeApiKey(kind: ApiKeyKind, kid = randomDigits(6, kidDigits)): ApiKeyText {
  return { kind, kid, secret: randomDigits(32, secretDigits) };
}

/** What is kept of a secret: 256 random bits need no slow hash. */
export function apiKeySecretHash(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

function checksumOf(text: string): string {
  return inDigits(BigInt(crc32(text)), crcDigits);
}

/** Random bytes as a number with a fixed count of digits; what does not fit is cut off at the top. */
function randomDigits(bytes: number, count: number): string {
  return inDigits(BigInt(`0x${randomBytes(bytes).toString('hex')}`), count);
}

function inDigits(value: bigint, count: number): string {
  let text = '';
  let rest = value;
  for (let index = 0; index < count; index++) {
    text = digits[Number(rest % 62n)]! + text;
    rest /= 62n;
  }
  return text;
}
