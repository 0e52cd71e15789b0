import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { ivBytes, tagBytes } from './text-form.ts';

/** The place of a sealed value: a ciphertext moved to another row, column, tenant or service does not open. */
export interface SealTarget {
  table: string;
  column: string;
  rowId: string;
}

export const dekBytes = 32;

/** Additional authenticated data `v1|service|tenant|table|column|row`; no part may hold the separator. */
export function associatedData(service: string, tenantId: string, target: SealTarget): Buffer {
  const parts = ['v1', service, tenantId, target.table, target.column, target.rowId];
  if (parts.some((part) => part === '' || part.includes('|'))) {
    throw new TypeError(`service, tenant, table, column and row id must be non-empty and without "|"`);
  }
  return Buffer.from(parts.join('|'), 'utf8');
}

/** AES-256-GCM with a random 96-bit IV (NIST SP 800-38D §8.2.2: at most 2³² IVs a key). */
export function encrypt(
  dek: Buffer,
  plaintext: Uint8Array,
  aad: Buffer,
): { iv: Buffer; ciphertext: Buffer; tag: Buffer } {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', dek, iv, { authTagLength: tagBytes });
  cipher.setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { iv, ciphertext, tag: cipher.getAuthTag() };
}

/** Throws when the tag does not match. */
export function decrypt(dek: Buffer, sealed: { iv: Buffer; ciphertext: Buffer; tag: Buffer }, aad: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', dek, sealed.iv, { authTagLength: tagBytes });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.tag);
  return Buffer.concat([decipher.update(sealed.ciphertext), decipher.final()]);
}

/** HMAC-SHA-256 under a key derived (HKDF, RFC 5869) from a data key, so that equal values show as equal text. */
export function fingerprintOf(dek: Buffer, purpose: string, value: string | Uint8Array): string {
  const key = Buffer.from(hkdfSync('sha256', dek, Buffer.alloc(0), `fingerprint|${purpose}`, 32));
  return createHmac('sha256', key).update(value).digest('base64url');
}
