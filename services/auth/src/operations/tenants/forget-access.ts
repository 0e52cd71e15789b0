import type { AccessHead } from '@idp/auth';
import type { Tx } from '@idp/database';
import { publishTombstone } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import { accessTopic } from '../../access/snapshot.ts';
import type { AuthContext } from '../../context.ts';
import { deleteAccessSnapshot, findAccessHead } from '../../store/access/snapshot.ts';
import type { Tables } from '../../store/tables.ts';

/**
 * Compiles the access of a tenant anew, from what is left of it: its state alone. What was known of its people, teams and roles is taken off
 * the bus; the version goes on growing, so that no replica takes an older snapshot for the present one.
 */
export async function forgetAccess(tx: Tx<Tables>, ctx: Pick<AuthContext, 'access' | 'clock'>): Promise<void> {
  const before = await shardNames(tx);
  await deleteAccessSnapshot(tx);
  await accessChanged(tx, ctx, { tenant: true });
  const after = new Set(await shardNames(tx));
  for (const name of before.filter((each) => !after.has(each))) publishTombstone(tx, accessTopic, name);
}

async function shardNames(tx: Tx<Tables>): Promise<string[]> {
  const head = await findAccessHead(tx);
  return head === undefined ? [] : Object.keys((JSON.parse(head.payload) as AccessHead).shards);
}
