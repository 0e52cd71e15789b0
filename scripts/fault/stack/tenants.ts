import { randomBytes } from 'node:crypto';
import { createTenant, registerMember, type AuthContext } from '@idp/auth-service';
import { newId, platformTenantId } from '@idp/contracts';
import pg from 'pg';
import { withAuth, type AuthSettings } from './with-auth.ts';

/** A tenant of the workload with one owner and its accounts. */
export interface Tenant {
  id: string;
  /** Stands in all that the tenant writes, and in nothing another may see. */
  canary: string;
  email: string;
  password: string;
  accounts: readonly string[];
  /** Somebody who is not its last owner. */
  member: { id: string; email: string; password: string };
}

export interface TenantSettings extends AuthSettings {
  adminUrl: string;
  accounts: number;
}

export const openingBalance = 1_000_000;

/** Somebody who looks after the platform: signs in to its tenant. */
export interface Operator {
  email: string;
  password: string;
  tenant: 'platform';
}

/** Makes the tenants and the operator with the operations of auth, in this process and before any other runs. */
export async function createTenants(
  slugs: readonly string[],
  settings: TenantSettings,
): Promise<{ tenants: Tenant[]; operator: Operator }> {
  const weakHashes = { ARGON2_MEMORY_KIB: '8192', ARGON2_PASSES: '1' };
  return withAuth({ ...settings, env: weakHashes }, async (context) => {
    const tenants: Tenant[] = [];
    for (const slug of slugs) tenants.push(await createOne(context, slug, settings));
    return { tenants, operator: await createOperator(context) };
  });
}

async function createOperator(context: AuthContext): Promise<Operator> {
  const operator = {
    email: 'operator@platform.example.com',
    password: randomBytes(18).toString('base64url'),
    tenant: 'platform',
  } as const;
  const { email, password } = operator;
  // Its role exists in the platform tenant alone.
  const role = 'platform-admin' as 'tenant-owner';
  const who = { tenantId: platformTenantId, email, name: 'operator', password, role, reason: 'fault test' };
  await registerMember(context, who);
  return operator;
}

async function createOne(context: AuthContext, slug: string, { adminUrl, accounts }: TenantSettings): Promise<Tenant> {
  const { tenantId } = await createTenant(context, { slug, name: slug, reason: 'fault test' });
  const email = `owner@${slug}.example.com`;
  const password = randomBytes(18).toString('base64url');
  const who = { tenantId, email, name: 'owner', password, role: 'tenant-owner' as const, reason: 'fault test' };
  await registerMember(context, who);
  const member = { email: `member@${slug}.example.com`, password: randomBytes(18).toString('base64url') };
  const asMember = { tenantId, name: 'member', role: 'member' as const, reason: 'fault test', ...member };
  const { userId } = await registerMember(context, asMember);
  const ids = Array.from({ length: accounts }, () => newId());
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query('insert into ledger.accounts (tenant_id, id, opening) select $1, unnest($2::uuid[]), $3', [
      tenantId,
      ids,
      openingBalance,
    ]);
  } finally {
    await client.end();
  }
  return { id: tenantId, canary: `cnry-${slug}`, email, password, accounts: ids, member: { id: userId, ...member } };
}
