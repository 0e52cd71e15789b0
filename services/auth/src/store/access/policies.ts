import type { Effect, PolicyRecord, ScopeType } from '@idp/auth';
import type { Insertable, Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { PoliciesTable, Tables } from '../tables.ts';

const columns = [
  'id',
  'name',
  'name_norm',
  'description',
  'effect',
  'permissions',
  'subjects',
  'scope_type as scopeType',
  'scope_id as scopeId',
  'condition',
  'enabled',
  'version',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

/** A guard rail of a tenant. */
export interface Policy {
  id: string;
  name: string;
  description: string;
  effect: Effect;
  permissions: string[];
  subjects: PolicyRecord['subjects'];
  scopeType: ScopeType;
  scopeId: string;
  condition: string | null;
  enabled: boolean;
  version: number;
  createdAt: string;
  updatedAt: string;
}

export function selectPolicies(
  tx: Tx<Tables>,
  filter: { effect?: Effect | undefined; enabled?: boolean | undefined } = {},
  name = 'auth.list-policies',
) {
  let query = named(tx.db, name).selectFrom('policies').select(columns).where('tenant_id', '=', tx.tenantId);
  if (filter.effect !== undefined) query = query.where('effect', '=', filter.effect);
  if (filter.enabled !== undefined) query = query.where('enabled', '=', filter.enabled);
  return query;
}

export async function findPolicy(tx: Tx<Tables>, id: string): Promise<Policy | undefined> {
  const row = await selectPolicies(tx, {}, 'auth.policy').where('id', '=', id).executeTakeFirst();
  return row as Policy | undefined;
}

/** Undefined when another policy of the tenant has the name. */
export async function insertPolicy(tx: Tx<Tables>, row: Insertable<PoliciesTable>): Promise<Policy | undefined> {
  const made = await named(tx.db, 'auth.insert-policy')
    .insertInto('policies')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenant_id', 'name_norm']).doNothing())
    .returning(columns)
    .executeTakeFirst();
  return made as Policy | undefined;
}

/** Whether another policy of the tenant has the name. */
export async function isPolicyNameTaken(tx: Tx<Tables>, nameNorm: string, id: string): Promise<boolean> {
  const row = await named(tx.db, 'auth.policy-name-taken')
    .selectFrom('policies')
    .select('id')
    .where('tenant_id', '=', tx.tenantId)
    .where('name_norm', '=', nameNorm)
    .where('id', '<>', id)
    .executeTakeFirst();
  return row !== undefined;
}

export async function savePolicy(tx: Tx<Tables>, id: string, change: Updateable<PoliciesTable>): Promise<Policy> {
  const saved = await named(tx.db, 'auth.save-policy')
    .updateTable('policies')
    .set((update) => ({ ...change, version: update('version', '+', 1) }))
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow();
  return saved as Policy;
}

export async function deletePolicy(tx: Tx<Tables>, id: string): Promise<void> {
  await named(tx.db, 'auth.delete-policy')
    .deleteFrom('policies')
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .execute();
}
