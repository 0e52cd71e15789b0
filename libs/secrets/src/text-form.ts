import { ConflictError } from '@idp/errors';

/** The parts of a sealed value: `v1.<kek>.<dek>.<iv>.<ciphertext>.<tag>`, each base64url without padding. */
export interface SealedParts {
  kekId: string;
  dekId: string;
  iv: Buffer;
  ciphertext: Buffer;
  tag: Buffer;
}

export const ivBytes = 12;
export const tagBytes = 16;

const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Writes the text form. `dekId` is a canonical UUID and travels as its 16 bytes. */
export function formatSealed(parts: SealedParts): string {
  const fields = [Buffer.from(parts.kekId, 'utf8'), uuidToBytes(parts.dekId), parts.iv, parts.ciphertext, parts.tag];
  return ['v1', ...fields.map((field) => field.toString('base64url'))].join('.');
}

/** Reads the text form; anything else, non-canonical base64url included, is a 409 `SECRET_UNREADABLE`. */
export function parseSealed(text: string): SealedParts {
  const [version, ...fields] = text.split('.');
  if (version !== 'v1' || fields.length !== 5) throw unreadable();
  const [kek, dek, iv, ciphertext, tag] = fields.map(decodeCanonical);
  if (!kek || !dek || !iv || !ciphertext || !tag) throw unreadable();
  if (kek.length === 0 || dek.length !== 16 || iv.length !== ivBytes || tag.length !== tagBytes) throw unreadable();
  return { kekId: kek.toString('utf8'), dekId: bytesToUuid(dek), iv, ciphertext, tag };
}

/** 409: the stored value does not open here; nothing more may be told about why. */
export function unreadable(cause?: unknown): ConflictError {
  return new ConflictError('the secret cannot be read', { code: 'SECRET_UNREADABLE', cause });
}

function decodeCanonical(field: string): Buffer | undefined {
  const bytes = Buffer.from(field, 'base64url');
  return bytes.toString('base64url') === field ? bytes : undefined;
}

function uuidToBytes(id: string): Buffer {
  if (!canonicalUuid.test(id)) throw new TypeError(`a data key id must be a canonical UUID, got ${id}`);
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

function bytesToUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
