import type { Secrets } from '@idp/secrets';
import { makeSealedKeyPair } from '../keys/sealed-key-pair.ts';

/** The row of a new key that waits for its turn. Not inside a transaction. */
export async function makeSigningKey(secrets: Secrets, now: Date) {
  const pair = await makeSealedKeyPair(secrets, 'signing_keys');
  return { ...pair, alg: 'EdDSA' as const, state: 'next' as const, created_at: now.toISOString() };
}
