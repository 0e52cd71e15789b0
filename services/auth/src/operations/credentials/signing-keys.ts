import { platformTenantId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { ConflictError, NotFoundError } from '@idp/errors';
import { publish } from '@idp/events';
import type { AuthContext } from '../../context.ts';
import { dueSigningKeySteps, type SigningKeyLife, type SigningKeyState } from '../../domain/signing-key-life.ts';
import { insertSigningKey, listSigningKeyLives, moveSigningKey } from '../../store/signing-keys.ts';
import type { Tables } from '../../store/tables.ts';
import { makeSigningKey } from '../../tokens/make-signing-key.ts';

type Ctx = Pick<AuthContext, 'database' | 'secrets' | 'clock' | 'signingKeys' | 'revocations'>;
type NewKey = Awaited<ReturnType<typeof makeSigningKey>>;

/** A change of the locked keys. What it needs of a new key is made before: sealing may ask the key provider. */
interface Change<T> {
  signal?: AbortSignal | undefined;
  needsKey(keys: readonly SigningKeyLife[]): boolean;
  run(tx: Tx<Tables>, keys: readonly SigningKeyLife[], spare: NewKey | undefined): Promise<T>;
}

const resourceType = 'signing-key';

/** Publishes the key that signs from tomorrow on; its id. 409 `INVALID_STATE` while one waits already. */
export function rotateSigningKey(ctx: Ctx, { signal }: { signal?: AbortSignal } = {}): Promise<string> {
  return changeKeys(ctx, {
    signal,
    needsKey: (keys) => inState(keys, 'next') === undefined,
    async run(tx, keys, spare) {
      const waiting = inState(keys, 'next');
      if (waiting !== undefined) throw invalidState(`the key ${waiting.kid} waits to sign already`);
      return publishKey(tx, spare);
    },
  });
}

/**
 * Everything the key has signed is refused from now on, in every process. Where it was the one that signs, the waiting key or a new one
 * signs at once. 404 for a key there never was, 409 `INVALID_STATE` for one that was revoked before.
 */
export function revokeSigningKey(
  ctx: Ctx,
  { kid, reason, signal }: { kid: string; reason: string; signal?: AbortSignal },
): Promise<void> {
  const isActive = (keys: readonly SigningKeyLife[]): boolean => inState(keys, 'active')?.kid === kid;
  return changeKeys(ctx, {
    signal,
    needsKey: (keys) => isActive(keys) && inState(keys, 'next') === undefined,
    async run(tx, keys, spare) {
      const before = keys.find((key) => key.kid === kid);
      if (before === undefined) throw new NotFoundError('the key does not exist');
      if (before.state === 'revoked') throw invalidState('the key was revoked before');
      const now = ctx.clock();
      await moveSigningKey(tx, kid, { state: 'revoked', revoked_at: now.toISOString() });
      ctx.revocations.revoke(tx, { kind: 'kid', id: kid });
      const data = { kid, revokedAt: timestampFromDate(now) };
      publish(tx, { type: 'idp.auth.v1.SigningKeyRevoked', aggregateId: kid, data });
      const successor = isActive(keys) ? (inState(keys, 'next')?.kid ?? (await insertKey(tx, spare))) : undefined;
      if (successor !== undefined) await activateKey(tx, successor, now);
      tx.audit({
        action: 'auth:signing-key:revoke',
        resourceType,
        resourceId: kid,
        before: { state: before.state },
        after: { state: 'revoked', ...(successor !== undefined && { successor }) },
        ...(reason !== '' && { reason }),
      });
    },
  });
}

/** Takes the keys as far as their time has come: publishes the next, lets it sign a day later, retires the one before. */
export async function advanceSigningKeys(ctx: Ctx, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
  const steps = (keys: readonly SigningKeyLife[]) => dueSigningKeySteps(keys, ctx.clock());
  await changeKeys(ctx, {
    signal,
    needsKey: (keys) => steps(keys).publish,
    async run(tx, keys, spare) {
      const { activate, retire, publish: isDue } = steps(keys);
      for (const kid of retire) await retireKey(tx, kid, ctx.clock());
      if (isDue) await publishKey(tx, spare);
      if (activate !== undefined) await succeed(tx, { old: inState(keys, 'active'), next: activate, now: ctx.clock() });
    },
  });
}

/** One change at a time: the keys are locked, and whoever holds some in this process reads them again. */
async function changeKeys<T>(ctx: Ctx, { signal, needsKey, run }: Change<T>): Promise<T> {
  const options = { global: true, ...(signal !== undefined && { signal }) };
  const door = ctx.database.tenant(platformTenantId);
  const found = await door.read((tx) => listSigningKeyLives(tx), options);
  const spare = needsKey(found) ? await makeSigningKey(ctx.secrets, ctx.clock()) : undefined;
  return door.write(async (tx) => {
    await listSigningKeyLives(tx, { lock: true });
    // Read behind the locks: a key another process has inserted meanwhile is not among the rows that were waited for.
    const result = await run(tx, await listSigningKeyLives(tx), spare);
    tx.afterCommit(() => ctx.signingKeys.changed());
    return result;
  }, options);
}

async function retireKey(tx: Tx<Tables>, kid: string, now: Date): Promise<void> {
  await moveSigningKey(tx, kid, { state: 'retired', retired_at: now.toISOString() });
  const data = { kid, retiredAt: timestampFromDate(now) };
  publish(tx, { type: 'idp.auth.v1.SigningKeyRetired', aggregateId: kid, data });
  auditMove(tx, { action: 'auth:signing-key:retire', kid, before: 'retiring', after: 'retired' });
}

async function succeed(
  tx: Tx<Tables>,
  { old, next, now }: { old: SigningKeyLife | undefined; next: string; now: Date },
): Promise<void> {
  if (old !== undefined) await moveSigningKey(tx, old.kid, { state: 'retiring', retiring_at: now.toISOString() });
  await activateKey(tx, next, now);
  auditMove(tx, { action: 'auth:signing-key:activate', kid: next, before: 'next', after: 'active' });
}

function auditMove(
  tx: Tx<Tables>,
  { action, kid, before, after }: { action: string; kid: string; before: SigningKeyState; after: SigningKeyState },
): void {
  tx.audit({ action, resourceType, resourceId: kid, before: { state: before }, after: { state: after } });
}

async function publishKey(tx: Tx<Tables>, key: NewKey | undefined): Promise<string> {
  const kid = await insertKey(tx, key);
  tx.audit({ action: 'auth:signing-key:rotate', resourceType, resourceId: kid, after: { state: 'next' } });
  return kid;
}

async function insertKey(tx: Tx<Tables>, key: NewKey | undefined): Promise<string> {
  if (key === undefined) throw invalidState('the keys have changed meanwhile');
  await insertSigningKey(tx, key);
  const { kid, alg, created_at: at } = key;
  const data = { kid, alg, publishedAt: timestampFromDate(new Date(at)) };
  publish(tx, { type: 'idp.auth.v1.SigningKeyPublished', aggregateId: kid, data });
  return kid;
}

async function activateKey(tx: Tx<Tables>, kid: string, now: Date): Promise<void> {
  await moveSigningKey(tx, kid, { state: 'active', activated_at: now.toISOString() });
  const data = { kid, activatedAt: timestampFromDate(now) };
  publish(tx, { type: 'idp.auth.v1.SigningKeyActivated', aggregateId: kid, data });
}

function inState(keys: readonly SigningKeyLife[], state: SigningKeyState): SigningKeyLife | undefined {
  return keys.find((key) => key.state === state);
}

function invalidState(message: string): ConflictError {
  return new ConflictError(message, { code: 'INVALID_STATE' });
}
