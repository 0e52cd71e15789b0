import type { JsonWebKey } from 'node:crypto';
import { readVerificationKeys, type VerificationKeys } from '../snapshot/signed.ts';

/** Public keys of what auth signs, as far as they are known here. */
export interface KeyRing {
  /** The keys, read again for an id that is not among them. Rejects where they cannot be read: nothing is known of a record then. */
  knowing(kid: string): Promise<VerificationKeys>;
}

const refetchMs = 10_000;

/** Keys are kept for ever; unknown ids have them read again at most once in 10 s, however many there are. */
export function createKeyRing(options: { keys: () => Promise<readonly JsonWebKey[]>; clock: () => Date }): KeyRing {
  const { keys, clock } = options;
  let known: VerificationKeys = new Map();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    known = new Map([...known, ...readVerificationKeys(await keys())]);
    // A reading that failed is tried again by the next record.
    readAt = clock().getTime();
  }

  return {
    async knowing(kid) {
      if (known.has(kid) || clock().getTime() - readAt < refetchMs) return known;
      reading ??= read().finally(() => (reading = undefined));
      await reading;
      return known;
    },
  };
}
