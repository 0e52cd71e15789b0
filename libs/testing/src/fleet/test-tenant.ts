import { randomBytes } from 'node:crypto';
import type { SystemRole } from '@idp/auth';

/** How accounts and tenants are made where no route does it yet: operations of the auth service, bound to its context. */
export interface People {
  createTenant(tenant: { slug: string; name: string }): Promise<{ tenantId: string }>;
  registerMember(member: {
    tenantId: string;
    email: string;
    name: string;
    password: string;
    role: SystemRole;
  }): Promise<{ userId: string }>;
}

/** A person of a test tenant with a token of the real auth service. */
export interface TestPrincipal {
  id: string;
  email: string;
  password: string;
  token: string;
  /** `{ authorization }`, ready to send. */
  headers: Readonly<Record<string, string>>;
}

/** A tenant with one person in each built-in role. */
export interface TestTenant {
  tenantId: string;
  slug: string;
  owner: TestPrincipal;
  admin: TestPrincipal;
  member: TestPrincipal;
  viewer: TestPrincipal;
}

/** Signs in over HTTP; answers the access token. */
export type LogIn = (credentials: { email: string; password: string; tenant: string }) => Promise<string>;

/** Makes a tenant and its four people. */
export async function makeTestTenant(slug: string, people: People, logIn: LogIn): Promise<TestTenant> {
  const { tenantId } = await people.createTenant({ slug, name: `Tenant ${slug}` });
  const make = (role: SystemRole, name: string) => makePrincipal({ role, name, tenantId, slug }, people, logIn);
  const [owner, admin, member, viewer] = await Promise.all([
    make('tenant-owner', 'owner'),
    make('tenant-admin', 'admin'),
    make('member', 'member'),
    make('viewer', 'viewer'),
  ]);
  return { tenantId, slug, owner, admin, member, viewer };
}

async function makePrincipal(
  who: { role: SystemRole; name: string; tenantId: string; slug: string },
  people: People,
  logIn: LogIn,
): Promise<TestPrincipal> {
  const { role, name, tenantId, slug } = who;
  const email = `${name}@${slug}.example.com`;
  const password = randomBytes(18).toString('base64url');
  const { userId } = await people.registerMember({ tenantId, email, name, password, role });
  const token = await logIn({ email, password, tenant: slug });
  return { id: userId, email, password, token, headers: { authorization: `Bearer ${token}` } };
}
