import { UnavailableError } from '@idp/errors';
import { importJWK, type CryptoKey, type JWK } from 'jose';

/** Where verification keys come from: the auth service in this process, or its JWKS document over HTTP. */
export interface JwksSource {
  /** Public keys (RFC 7517), newest state; may be remote and may fail. */
  keys(): Promise<readonly JWK[]>;
}

/** A key with the one algorithm it is for, taken from the key and never from a token. */
interface VerificationKey {
  alg: 'EdDSA' | 'ES256';
  key: CryptoKey;
}

export interface KeySet {
  /**
   * The key of that id, or undefined. Keys are read again after 5 minutes, and for an unknown id at most once per 10 s
   * however many arrive; concurrent readers share one fetch. Keys known already outlive a source that fails; without
   * any, 503 `UNAVAILABLE`.
   */
  find(kid: string): Promise<VerificationKey | undefined>;
  /** Drops a key for good, whatever a source that is not up to date still lists. */
  revoke(kid: string): void;
}

const freshMs = 5 * 60_000;
const refetchMs = 10_000;

/** `onKeysDropped` runs when a fetch no longer lists a key it listed before: what the key verified must be forgotten. */
export function createKeySet(options: { jwks: JwksSource; clock: () => Date; onKeysDropped: () => void }): KeySet {
  const { jwks, clock, onKeysDropped } = options;
  let keys: ReadonlyMap<string, VerificationKey> | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let readAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;
  const revoked = new Set<string>();

  async function fetchKeys(): Promise<void> {
    triedAt = clock().getTime();
    try {
      const listed = await jwks.keys();
      const next = await importKeys(listed.filter(({ kid }) => kid !== undefined && !revoked.has(kid)));
      const dropped = keys !== undefined && [...keys.keys()].some((kid) => !next.has(kid));
      keys = next;
      readAt = triedAt;
      if (dropped) onKeysDropped();
    } catch (cause) {
      if (keys === undefined) throw new UnavailableError('token keys cannot be read', { cause });
    }
  }

  function refresh(): Promise<void> {
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined;
    });
    return fetching;
  }

  return {
    async find(kid) {
      const mayTry = () => clock().getTime() - triedAt >= refetchMs;
      if (keys === undefined) await refresh();
      else if (clock().getTime() - readAt >= freshMs && (fetching !== undefined || mayTry())) await refresh();
      if (keys?.has(kid) !== true && (fetching !== undefined || mayTry())) await refresh();
      return keys?.get(kid);
    },
    revoke(kid) {
      revoked.add(kid);
      if (keys?.has(kid) !== true) return;
      keys = new Map([...keys].filter(([known]) => known !== kid));
      // Whoever signs now may do so with a key nobody here has seen.
      triedAt = Number.NEGATIVE_INFINITY;
      onKeysDropped();
    },
  };
}

/** Keys for signatures with an id and an algorithm of ours; the rest of the document is for others. */
async function importKeys(jwks: readonly JWK[]): Promise<ReadonlyMap<string, VerificationKey>> {
  const keys = new Map<string, VerificationKey>();
  for (const jwk of jwks) {
    const alg = algorithmOf(jwk);
    if (jwk.kid === undefined || alg === undefined || (jwk.use !== undefined && jwk.use !== 'sig')) continue;
    const { kty, crv, x, y } = jwk;
    const parts = { kty, crv, x, ...(y === undefined ? {} : { y }) } as JWK;
    keys.set(jwk.kid, { alg, key: (await importJWK(parts, alg)) as CryptoKey });
  }
  return keys;
}

function algorithmOf(jwk: JWK): VerificationKey['alg'] | undefined {
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519') return 'EdDSA';
  if (jwk.kty === 'EC' && jwk.crv === 'P-256') return 'ES256';
  return undefined;
}
