import { sealShards, type AccessHead } from '@idp/auth';
import type { Tx } from '@idp/database';
import type { AuthContext } from '../context.ts';
import { findAccessHead, listAccessShards } from '../store/access/snapshot.ts';
import { advanceAccessVersion } from '../store/memberships.ts';
import type { Tables } from '../store/tables.ts';
import type { AccessChange } from './change.ts';
import { compileChange, compileWhole, shardsOf } from './compile.ts';
import { publishVersion } from './snapshot.ts';

/** Transactions that have changed access themselves: what they read of it is not committed. */
const changing = new WeakSet<Tx<Tables>>();

export function hasChangedAccess(tx: Tx<Tables>): boolean {
  return changing.has(tx);
}

/**
 * Called inside the transaction, after its other writes, by every one that changes what somebody may do: the access version
 * grows, the shards concerned are compiled anew, and they and the head that names them are stored and published with the
 * commit. Writers of one tenant wait for each other from here on. After the commit this process decides by it. Answers the
 * new version.
 */
export async function accessChanged(
  tx: Tx<Tables>,
  { access, clock }: Pick<AuthContext, 'access' | 'clock'>,
  change: AccessChange,
): Promise<number> {
  changing.add(tx);
  const names = shardsOf(change);
  // All in one round trip, the version first: what is read after it is what this version is made of.
  const advancing = advanceAccessVersion(tx, clock());
  const finding = findAccessHead(tx);
  const reading = listAccessShards(tx, [...names]).then(
    (shards) => new Map(shards.map(({ name, text }) => [name, text])),
  );
  const compiling = compileChange(tx, change, reading);
  const [version, stored, texts, bodies] = await Promise.all([advancing, finding, reading, compiling]);
  const { tenantId } = tx;
  const previous = stored && (JSON.parse(stored.payload) as AccessHead);
  const isPart = previous !== undefined && [...names].every((name) => texts.has(name) === name in previous.shards);
  const sealed = isPart
    ? sealShards(bodies, { tenantId, version, previous, only: names })
    : sealShards(await compileWhole(tx), { tenantId, version, ...(previous !== undefined && { previous }) });
  await publishVersion(tx, access.snapshot, sealed);
  return version;
}
