import type { TestPrincipal, TestTenant } from '../../src/index.ts';
import { MissingError } from '../../src/hostile/missing.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import { canaryOf } from './platform.ts';
import type { Platform } from './platform.ts';

/** A tenant of the suites with its people under the names the data uses: `ownerA`, `memberB`, … */
export interface Tenant {
  letter: 'A' | 'B';
  id: string;
  slug: string;
  canary: string;
  people: Readonly<Record<string, TestPrincipal>>;
  /** Reference of a component that came from a registered location. */
  entity: string;
  /** Its first organization. */
  organization: string;
}

/** A tenant with an owner, an admin, a member and a viewer. */
export async function createPeople(platform: Platform, letter: 'A' | 'B'): Promise<Tenant> {
  const slug = `tenant-${letter.toLowerCase()}`;
  const tenant: TestTenant = await platform.fleet.tenant(slug);
  const { tenantId, owner, admin, member, viewer } = tenant;
  // Sign-ins of the suites end the oldest of 50 sessions: never the ones everything is asked with.
  await platform.sql("update auth.sessions set created_at = created_at + interval '1 day' where tenant_id = $1", [
    tenantId,
  ]);
  const people = Object.entries({ owner, admin, member, viewer }).map(([name, person]) => [`${name}${letter}`, person]);
  return {
    letter,
    id: tenantId,
    slug,
    canary: canaryOf(slug),
    people: Object.fromEntries(people) as Tenant['people'],
    organization: await firstOrganization(platform, tenantId),
    entity: `component:default/${slug}-component`,
  };
}

async function firstOrganization(platform: Platform, tenantId: string): Promise<string> {
  const found = await platform.sql('select id from auth.organizations where tenant_id = $1 limit 1', [tenantId]);
  return (found as { rows: { id: string }[] }).rows[0]!.id;
}

/** A new session of its own. */
export async function signIn(
  platform: Platform,
  { email, password }: Pick<TestPrincipal, 'email' | 'password'>,
  tenant?: string,
): Promise<{ token: string; refreshToken: string }> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ email, password, tenant });
  const answer = await send(platform.fleet.baseUrl('auth'), {
    method: 'POST',
    target: '/api/v1/auth/login',
    headers,
    body,
  });
  const { data } = jsonOf(answer) as { data?: { accessToken: string; refreshToken: string } };
  if (answer.status !== 200 || data === undefined) {
    throw new Error(`sign-in of ${email} was answered ${answer.status}: ${answer.body}`);
  }
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
        org: tenant.organization,
        user: tenant.people[`member${tenant.letter}`]?.id,
      };
      return own[member];
    }
    const person = personNamed(tenants, subject);
    const value = person?.[member as keyof TestPrincipal];
    return typeof value === 'string' ? value : undefined;
  };
}

/** `Authorization` of a person of these tenants; `fresh:` before the name signs in anew. */
export function credentialsOf(
  platform: Platform,
  tenants: readonly Tenant[],
): (principal: string) => Promise<Readonly<Record<string, string>>> {
  return async (principal) => {
    const [name = '', fresh] = principal.split(':').toReversed();
    const person = name === 'operator' ? await platform.operator() : personNamed(tenants, name);
    if (person === undefined) throw new MissingError('principal', principal);
    if (fresh !== 'fresh') return person.headers;
    // Nobody is let into the platform tenant who does not name it.
    const { token } = await signIn(platform, person, name === 'operator' ? 'platform' : undefined);
    return { authorization: `Bearer ${token}` };
  };
}

function personNamed(tenants: readonly Tenant[], name: string): TestPrincipal | undefined {
  return tenants.map(({ people }) => people[name]).find((found) => found !== undefined);
}
