import { platformTenantId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import type { AuthContext } from '../../context.ts';
import { dueSigningKeySteps, type SigningKeySteps } from '../../domain/signing-key-life.ts';
import { makeSealedKeyPair } from '../../keys/sealed-key-pair.ts';
import {
  insertNextVerificationKey,
  listVerificationKeyLives,
  moveVerificationKey,
  type VerificationUse,
} from '../../store/verification-keys.ts';
import type { Tables } from '../../store/tables.ts';

type Ctx = Pick<AuthContext, 'database' | 'secrets' | 'clock' | 'accessKeys' | 'auditKeys'>;

const resourceType = 'verification-key';

/**
 * Takes the keys of both sets as far as their time has come: publishes the next, lets it sign a day later. The one before retires with
 * that; what it has signed is believed for ever.
 */
export async function advanceVerificationKeys(ctx: Ctx, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
  await advance(ctx, 'access', signal);
  await advance(ctx, 'audit', signal);
}

async function advance(ctx: Ctx, use: VerificationUse, signal: AbortSignal | undefined): Promise<void> {
  const options = { global: true, ...(signal !== undefined && { signal }) };
  const door = ctx.database.tenant(platformTenantId);
  const due = async (tx: Tx<Tables>): Promise<SigningKeySteps & { active: string | undefined }> => {
    const keys = await listVerificationKeyLives(tx, use);
    return { ...dueSigningKeySteps(keys, ctx.clock()), active: keys.find(({ state }) => state === 'active')?.kid };
  };
  const found = await door.read(due, options);
  if (!found.publish && found.activate === undefined) return;
  // Before the transaction: sealing may ask the key provider.
  const spare = found.publish ? await makeSealedKeyPair(ctx.secrets, 'verification_keys') : undefined;
  const set = use === 'access' ? ctx.accessKeys : ctx.auditKeys;
  await door.write(async (tx) => {
    await listVerificationKeyLives(tx, use, { lock: true });
    // Read behind the locks: a key another process has inserted meanwhile is not among the rows that were waited for.
    const steps = await due(tx);
    if (steps.publish && spare !== undefined) await publishKey(tx, { ...spare, use, now: ctx.clock() });
    if (steps.activate !== undefined) {
      await succeed(tx, { use, active: steps.active, next: steps.activate, now: ctx.clock() });
    }
    tx.afterCommit(() => set.changed());
  }, options);
  await set.signer();
}

async function publishKey(
  tx: Tx<Tables>,
  { now, use, ...pair }: Awaited<ReturnType<typeof makeSealedKeyPair>> & { use: VerificationUse; now: Date },
): Promise<void> {
  await insertNextVerificationKey(tx, { ...pair, use, created_at: now.toISOString() });
  const action = 'auth:verification-key:rotate';
  tx.audit({ action, resourceType, resourceId: pair.kid, after: { state: 'next', use } });
}

async function succeed(
  tx: Tx<Tables>,
  { use, active, next, now }: { use: VerificationUse; active: string | undefined; next: string; now: Date },
): Promise<void> {
  const at = now.toISOString();
  if (active !== undefined) await moveVerificationKey(tx, active, { state: 'retired', retired_at: at });
  await moveVerificationKey(tx, next, { state: 'active', activated_at: at });
  tx.audit({
    action: 'auth:verification-key:activate',
    resourceType,
    resourceId: next,
    before: { state: 'next', use },
    after: { state: 'active', use, ...(active !== undefined && { retired: active }) },
  });
}
