import type { Insertable, Updateable } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { OrganizationsTable, Tables } from '../tables.ts';

const columns = [
  'id',
  'slug',
  'name',
  'tier',
  'version',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

export interface Organization {
  id: string;
  slug: string;
  name: string;
  tier: string;
  version: number;
  createdAt: string;
  updatedAt: string;
}

/** Organizations of the tenant that are not deleted. */
export function selectOrganizations(tx: Tx<Tables>) {
  return named(tx.db, 'auth.list-organizations')
    .selectFrom('organizations')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('deleted_at', 'is', null);
}

export async function findOrganization(tx: Tx<Tables>, id: string): Promise<Organization | undefined> {
  return named(tx.db, 'auth.organization')
    .selectFrom('organizations')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

/** The row, which nobody else changes before the transaction ends; so is the shape of the tree below it. */
export async function lockOrganization(tx: Tx<Tables>, id: string): Promise<Organization | undefined> {
  return named(tx.db, 'auth.lock-organization')
    .selectFrom('organizations')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** The organization that was made first and still exists: the default one. */
export async function findDefaultOrganization(tx: Tx<Tables>): Promise<Organization | undefined> {
  return named(tx.db, 'auth.default-organization')
    .selectFrom('organizations')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
}

/** Undefined when the slug is taken. */
export async function insertOrganization(
  tx: Tx<Tables>,
  row: Insertable<OrganizationsTable>,
): Promise<Organization | undefined> {
  return named(tx.db, 'auth.insert-organization')
    .insertInto('organizations')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenant_id', 'slug']).where('deleted_at', 'is', null).doNothing())
    .returning(columns)
    .executeTakeFirst();
}

export async function saveOrganization(
  tx: Tx<Tables>,
  id: string,
  change: Updateable<OrganizationsTable>,
): Promise<Organization> {
  return named(tx.db, 'auth.save-organization')
    .updateTable('organizations')
    .set((update) => ({ ...change, version: update('version', '+', 1) }))
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Whether something stands in the way of deleting the organization: a team or a project in it. */
export async function isOrganizationInUse(tx: Tx<Tables>, id: string): Promise<boolean> {
  const inside = (table: 'teams' | 'projects') =>
    named(tx.db, `auth.any-${table}-of-organization`)
      .selectFrom(table)
      .select('id')
      .where('tenant_id', '=', tx.tenantId)
      .where('organization_id', '=', id)
      .where('deleted_at', 'is', null)
      .limit(1)
      .executeTakeFirst();
  const found = await Promise.all([inside('teams'), inside('projects')]);
  return found.some((row) => row !== undefined);
}
