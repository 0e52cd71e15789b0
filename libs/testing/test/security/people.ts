import { MissingError } from '../../src/hostile/missing.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import { authOperations } from './services.ts';
import type { Platform } from './platform.ts';

/** The four built-in roles of one tenant, signed in. */
export interface Person {
  id: string;
  email: string;
  password: string;
  token: string;
  refreshToken: string;
}

export interface Tenant {
  letter: 'A' | 'B';
  id: string;
  slug: string;
  /** Stands in every text of this tenant and is never sent by anybody else. */
  canary: string;
  people: Readonly<Record<string, Person>>;
  /** Reference of a component that came from a registered location. */
  entity: string;
}

const roles = { owner: 'tenant-owner', admin: 'tenant-admin', member: 'member', viewer: 'viewer' } as const;

/** A tenant with an owner, an admin, a member and a viewer. */
export async function createPeople(platform: Platform, letter: 'A' | 'B'): Promise<Tenant> {
  const { createTenant, registerMember, context } = await authOperations(platform.running);
  const slug = `tenant-${letter.toLowerCase()}`;
  const canary = `cnry-${letter}-${crypto.randomUUID().slice(0, 8)}`;
  const { tenantId } = await createTenant(context, { slug, name: `Tenant ${canary}` });
  const people: Record<string, Person> = {};
  for (const [kind, role] of Object.entries(roles)) {
    const email = `${kind}@${slug}.test`;
    const password = `a sentence nobody else says ${crypto.randomUUID().slice(0, 6)}`;
    const { userId } = await registerMember(context, { tenantId, email, name: `${kind} ${canary}`, password, role });
    people[`${kind}${letter}`] = { id: userId, email, password, ...(await signIn(platform, email, password)) };
  }
  return { letter, id: tenantId, slug, canary, people, entity: `component:default/${slug}-component` };
}

/** A new session of its own. */
export async function signIn(
  platform: Platform,
  email: string,
  password: string,
): Promise<{ token: string; refreshToken: string }> {
  const auth = platform.targets.find((target) => target.name === 'auth');
  if (auth === undefined) throw new Error('auth is not running');
  const body = JSON.stringify({ email, password });
  const answer = await send(auth.baseUrl, {
    method: 'POST',
    target: '/api/v1/auth/login',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const { data } = jsonOf(answer) as { data?: { accessToken: string; refreshToken: string } };
  if (answer.status !== 200 || data === undefined)
    throw new Error(`sign-in of ${email} was answered ${answer.status}: ${answer.body}`);
  return { token: data.accessToken, refreshToken: data.refreshToken };
}

/** The names the data speaks of: `A.tenant`, `A.canary`, `memberA.token`, … */
export function namesOf(tenants: readonly Tenant[]): (name: string) => string | undefined {
  return (name) => {
    const [subject = '', member = ''] = name.split('.');
    const tenant = tenants.find((each) => each.letter === subject);
    if (tenant !== undefined) {
      const own: Readonly<Record<string, string | undefined>> = {
        tenant: tenant.id,
        slug: tenant.slug,
        canary: tenant.canary,
        user: tenant.people[`member${tenant.letter}`]?.id,
      };
      return own[member];
    }
    const person = tenants.map(({ people }) => people[subject]).find((found) => found !== undefined);
    return (person as Readonly<Record<string, string>> | undefined)?.[member];
  };
}

/** `Authorization` of a person of these tenants; `fresh:` before the name signs in anew. */
export function credentialsOf(
  platform: Platform,
  tenants: readonly Tenant[],
): (principal: string) => Promise<Readonly<Record<string, string>>> {
  return async (principal) => {
    const [name = '', fresh] = principal.split(':').toReversed();
    const person = tenants.map(({ people }) => people[name]).find((found) => found !== undefined);
    if (person === undefined) throw new MissingError('principal', principal);
    const { token } = fresh === 'fresh' ? await signIn(platform, person.email, person.password) : person;
    return { authorization: `Bearer ${token}` };
  };
}
