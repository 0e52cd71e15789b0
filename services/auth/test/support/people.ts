import type { SystemRole } from '@idp/auth';
import { createTenant } from '../../src/operations/create-tenant.ts';
import { registerMember } from '../../src/operations/register-member.ts';
import type { RunningAuth } from './running-auth.ts';

export const password = 'correct horse battery staple';

export interface Person {
  id: string;
  email: string;
  name: string;
  password: string;
}

export interface TestTenant {
  id: string;
  slug: string;
  owner: Person;
  admin: Person;
  member: Person;
  viewer: Person;
}

/** A tenant with one person of each built-in role. */
export async function makeTenant(auth: RunningAuth, slug: string): Promise<TestTenant> {
  const { tenantId } = await createTenant(auth.ctx, { slug, name: slug, reason: 'seed' });
  const person = async (role: SystemRole): Promise<Person> => {
    const account = { email: `${role}@${slug}.test`, name: `The ${role}`, password };
    const { userId } = await registerMember(auth.ctx, { tenantId, role, reason: 'seed', ...account });
    return { id: userId, ...account };
  };
  return {
    id: tenantId,
    slug,
    owner: await person('tenant-owner'),
    admin: await person('tenant-admin'),
    member: await person('member'),
    viewer: await person('viewer'),
  };
}

/** Signs a person in over HTTP. */
export async function signIn(
  auth: RunningAuth,
  person: Pick<Person, 'email' | 'password'>,
  tenant?: string,
): Promise<{ accessToken: string; refreshToken: string; sessionId: string }> {
  const body = { email: person.email, password: person.password, ...(tenant !== undefined && { tenant }) };
  const answer = await auth.request('POST', '/api/v1/auth/login', { body });
  if (answer.status !== 200) throw new Error(`sign-in of ${person.email} answered ${answer.status} ${answer.text}`);
  const { accessToken, refreshToken } = answer.body.data as { accessToken: string; refreshToken: string };
  return { accessToken, refreshToken, sessionId: refreshToken.split('.')[1]! };
}
