import type { RevocationSource, SigningKey } from '@idp/auth';
import type { Database } from '@idp/database';
import { UnavailableError } from '@idp/errors';
import type { Secrets } from '@idp/secrets';
import { importJWK, type CryptoKey, type JWK } from 'jose';
import { openPrivateKey } from '../keys/sealed-key-pair.ts';
import { insertActiveSigningKey, listUsableSigningKeys, type StoredSigningKey } from '../store/signing-keys.ts';
import type { Tables } from '../store/tables.ts';
import { makeSigningKey } from './make-signing-key.ts';

export interface SigningKeys {
  /** The key that signs now; 503 `UNAVAILABLE` while all that is known of it is that it was revoked. */
  active(): Promise<SigningKey>;
  /** Public keys that verifiers accept (RFC 7517), with `kid`, `alg` and `use`. */
  published(): Promise<readonly JWK[]>;
  /** Somebody has changed the keys. */
  changed(): void;
}

interface Known {
  active: SigningKey;
  published: readonly JWK[];
}

/** A process signs at most this long with a key that another has replaced; far less than that key verifies afterwards. */
const activeFreshMs = 30_000;
/** The document verifiers read: they ask seldom, and what they miss they ask for again only later. */
const publishedFreshMs = 1_000;
const retryMs = 1_000;
const readMs = 5_000;

/**
 * The platform's token keys, made at the first start; of two processes that start at once one makes the key and both use it. Held in memory
 * and read again now and then, so that tokens are issued while database or key provider are away. What `revocations` names signs no more.
 */
export async function loadSigningKeys(platform: {
  database: Database<Tables>;
  secrets: Secrets;
  clock: () => Date;
  revocations: RevocationSource;
}): Promise<SigningKeys> {
  const { database, secrets, clock, revocations } = platform;
  const revoked = new Set<string>();
  let readAt = clock().getTime();
  let triedAt = readAt;
  let changes = 0;
  let reading: Promise<void> | undefined;
  let known = await firstKeys(platform);

  async function read(): Promise<void> {
    triedAt = clock().getTime();
    const begun = changes;
    const signal = AbortSignal.timeout(readMs);
    try {
      const stored = await database.global.read((tx) => listUsableSigningKeys(tx), { signal });
      known = await openKeys(secrets, stored, known.active);
      // What changed while this was read is read the next time.
      if (begun === changes) readAt = triedAt;
    } catch {
      // What is known goes on being used; nothing else would sign or verify meanwhile.
    }
  }

  async function refresh(freshMs: number): Promise<void> {
    const now = clock().getTime();
    const due = now - readAt >= freshMs && (readAt === Number.NEGATIVE_INFINITY || now - triedAt >= retryMs);
    if (due) reading ??= read().finally(() => (reading = undefined));
    await reading;
  }

  function changed(): void {
    changes += 1;
    readAt = Number.NEGATIVE_INFINITY;
  }
  revocations.subscribe((revocation) => {
    if (revocation.kind !== 'kid') return;
    revoked.add(revocation.id);
    changed();
  });

  return {
    changed,
    async active() {
      await refresh(activeFreshMs);
      if (revoked.has(known.active.kid)) throw new UnavailableError('the key that signs tokens was revoked');
      return known.active;
    },
    async published() {
      await refresh(publishedFreshMs);
      return known.published.filter(({ kid = '' }) => !revoked.has(kid));
    },
  };
}

async function firstKeys({
  database,
  secrets,
  clock,
}: {
  database: Database<Tables>;
  secrets: Secrets;
  clock: () => Date;
}): Promise<Known> {
  const stored = await database.global.read((tx) => listUsableSigningKeys(tx));
  if (activeOf(stored) !== undefined) return openKeys(secrets, stored);
  const row = await makeSigningKey(secrets, clock());
  const first = { ...row, state: 'active', activated_at: row.created_at };
  await database.global.write((tx) => insertActiveSigningKey(tx, first), { unaudited: 'first start' });
  return openKeys(secrets, await database.global.read((tx) => listUsableSigningKeys(tx)));
}

/** The private part of the active key is opened only if it is not `before`. */
async function openKeys(secrets: Secrets, stored: readonly StoredSigningKey[], before?: SigningKey): Promise<Known> {
  const key = activeOf(stored);
  if (key === undefined) throw new Error('no active signing key exists');
  const published = stored.map((one) => one.publicJwk);
  if (key.kid === before?.kid) return { active: before, published };
  const privateKey = (await importJWK(await openPrivateKey(secrets, 'signing_keys', key), key.alg)) as CryptoKey;
  return { active: { kid: key.kid, alg: key.alg, privateKey }, published };
}

function activeOf(keys: readonly StoredSigningKey[]): StoredSigningKey | undefined {
  return keys.find((key) => key.state === 'active');
}
