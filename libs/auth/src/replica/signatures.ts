import { createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { SignedRecord } from './authority.ts';

/** Says of a record whether auth has signed it. Rejects where the keys cannot be read: nothing is known of it then. */
export type SignatureCheck = (record: SignedRecord) => Promise<boolean>;

const refetchMs = 10_000;

/** Keys are kept for ever; an unknown id has them read again, at most once in 10 s however many there are. */
export function createSignatureCheck(options: {
  keys: () => Promise<readonly JsonWebKey[]>;
  clock: () => Date;
}): SignatureCheck {
  const { keys, clock } = options;
  const known = new Map<string, KeyObject>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const listed = await keys();
    for (const key of listed) {
      const kid = key['kid'];
      if (typeof kid === 'string' && key.kty === 'OKP' && key.crv === 'Ed25519') {
        known.set(kid, createPublicKey({ key, format: 'jwk' }));
      }
    }
    // A reading that failed is tried again by the next record.
    readAt = clock().getTime();
  }

  async function find(kid: string): Promise<KeyObject | undefined> {
    if (known.has(kid) || clock().getTime() - readAt < refetchMs) return known.get(kid);
    reading ??= read().finally(() => (reading = undefined));
    await reading;
    return known.get(kid);
  }

  return async ({ payload, kid, signature }) => {
    const key = await find(kid);
    return key !== undefined && verify(null, Buffer.from(payload), key, Buffer.from(signature, 'base64url'));
  };
}
