import { randomBytes } from 'node:crypto';
import { formatApiKey, makeApiKey } from '@idp/auth';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import type { Answer } from '../../src/hostile/wire/client.ts';
import { MissingError } from '../../src/hostile/missing.ts';
import { readToken } from '../../src/hostile/tokens/forge.ts';
import { namesOf } from './people.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';
import { takeRoles } from './roles-of.ts';
import { authOperations } from './services.ts';
import type { Workloads } from './workloads.ts';

/** Somebody of the data with whatever proves who it is, under the names the data uses: `token`, `refresh`, `apiKey`, … */
type Person = Record<string, string | undefined>;

/** The people of the data. What proves them is made when it is named for the first time, and anew by `renew`. */
export interface Principals {
  names(name: string): string | undefined;
  /** Headers of `memberA`, `memberA.apiKey`, `memberA.cookie`, `signedOut:memberA`, … */
  credentials(principal: string): Promise<Readonly<Record<string, string>>>;
  /** Signs in anew and makes keys anew for everybody the text of an item names. */
  renew(text: string): Promise<void>;
  /** Takes somebody out of the tenant; when named again, somebody else comes under the name. */
  remove(name: string): Promise<void>;
  /** One more session of somebody, whose tokens nobody keeps. */
  openSession(name: string): Promise<void>;
}

const day = 86_400_000;

/** More people of tenant A than every tenant has, with their roles. They come when they are named for the first time. */
const others: Readonly<Record<string, string | undefined>> = {
  memberA2: 'member',
  memberAB: 'member',
  secondOwnerA: 'tenant-owner',
  deletedUser: 'member',
  ownerA2: 'tenant-owner',
  plainA: undefined,
};

/** Services of the platform by the names of the data, as workloads know them. */
const services: Readonly<Record<string, string>> = { weakService: 'weak', strongService: 'strong' };

export async function createPrincipals(
  platform: Platform,
  tenants: readonly Tenant[],
  now: () => number,
  workloads?: Workloads,
): Promise<Principals> {
  const people = new Map<string, Person>();
  const gone: string[] = [];
  const authUrl = platform.fleet.baseUrl('auth');
  const call = caller(authUrl);
  const workloadToken = (service: string) =>
    workloads!.tokenFor(service, 'idp:catalog', authUrl, () => new Date(now()));
  for (const tenant of tenants) {
    for (const [name, { id, email, password }] of Object.entries(tenant.people))
      people.set(name, { id, email, password, tenant: tenant.slug });
  }
  const find = async (name: string): Promise<Person | undefined> => {
    if (!people.has(name) && name in others) {
      const person = await register(platform, tenants, name);
      people.set(name, person);
      if (others[name] === undefined) await takeRoles(authUrl, await ownHeaders('ownerA'), person['id']!);
    }
    if (!people.has(name) && name === 'serviceA') people.set(name, await makeServiceAccount());
    // Their tokens live for minutes: a new one each time.
    if (name in services && workloads !== undefined) people.set(name, { token: await workloadToken(services[name]!) });
    return people.get(name);
  };
  const bearer = (text: string | undefined) => ({ authorization: `Bearer ${text}` });
  const ownHeaders = async (name: string) => {
    const person = people.get(name)!;
    await startSession(person);
    return bearer(person['token']);
  };
  const signIn = async (person: Person, transport = 'token'): Promise<Answer> => {
    const { email, password, tenant } = person;
    return call('POST', '/api/v1/auth/login', {}, { email, password, tenant, transport });
  };

  async function startSession(person: Person): Promise<void> {
    const { data } = jsonOf(await signIn(person)) as { data: { accessToken: string; refreshToken: string } };
    person['token'] = data.accessToken;
    person['refresh'] = data.refreshToken;
    person['session'] = String(readToken(data.accessToken).claims['sid']);
  }

  async function makeKey(person: Person, name: string): Promise<void> {
    const expiresAt = new Date(now() + day).toISOString();
    const body = { name: `key ${randomBytes(6).toString('hex')}`, scopes: ['*'], expiresAt, ...keyBounds[name] };
    const answer = await call('POST', '/api/v1/api-keys', bearer(person['token']), body);
    const { data } = jsonOf(answer) as { data: { id: string; key: string } };
    person[name] = data.key;
    person[`${name}Id`] = data.id;
  }

  async function openBrowser(person: Person): Promise<void> {
    const answer = await signIn(person, 'cookie');
    const cookies = answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value.split(';')[0]);
    person['cookie'] = cookies.join('; ');
    person['csrf'] = (jsonOf(answer) as { data: { csrfToken: string } }).data.csrfToken;
  }

  /** Takes back a change of the password, which is not part of any story's beginning. */
  async function resetPassword(person: Person): Promise<void> {
    const { rows } = (await platform.sql('select phc from auth.user_passwords where user_id = $1', [person['id']])) as {
      rows: { phc: string }[];
    };
    const original = (person['phc'] ??= rows[0]!.phc);
    if (original !== rows[0]!.phc)
      await platform.sql('update auth.user_passwords set phc = $2 where user_id = $1', [person['id'], original]);
  }

  /** The binding by which somebody owns the tenant; undefined for those who do not. */
  async function ownerBinding(person: Person): Promise<string | undefined> {
    const { rows } = (await platform.sql(
      `select id from auth.role_bindings where principal_id = $1 and role_id = 'tenant-owner'`,
      [person['id']],
    )) as { rows: { id: string }[] };
    return rows[0]?.id;
  }

  async function startExport(person: Person): Promise<string> {
    const answer = await call('POST', '/api/v1/auth/audit-logs/exports', bearer(person['token']), { format: 'ndjson' });
    return (jsonOf(answer) as { data: { id: string } }).data.id;
  }

  /** A service account without a role; its key is what it has for a token. */
  async function makeServiceAccount(): Promise<Person> {
    const headers = await ownHeaders('ownerA');
    const accounts = '/api/v1/auth/service-accounts';
    const scope = { type: 'tenant', id: tenants[0]!.id };
    const account = await call('POST', accounts, headers, { name: 'serviceA', scope });
    const { id } = (jsonOf(account) as { data: { id: string } }).data;
    const expiresAt = new Date(now() + day).toISOString();
    const answer = await call('POST', `${accounts}/${id}/api-keys`, headers, { name: 'key', scopes: ['*'], expiresAt });
    return { id, token: (jsonOf(answer) as { data: { key: string } }).data.key };
  }

  async function renewFor(person: Person, member: string): Promise<void> {
    if (member in keyBounds) await makeKey(person, member);
    else if (member === 'apiKeyId') await makeKey(person, 'apiKey');
    else if (member === 'cookie') await openBrowser(person);
    else if (member === 'export') person['export'] = await startExport(person);
    else if (member === 'ownerBinding') person['ownerBinding'] = await ownerBinding(person);
  }

  async function retire(name: string): Promise<void> {
    const person = (await find(name))!;
    await startSession(person);
    await makeKey(person, 'apiKey');
    await removeUser(person);
  }

  async function removeUser(person: Person): Promise<void> {
    await call('DELETE', `/api/v1/users/${person['id']}`, { ...(await ownHeaders('ownerA')), 'if-match': '*' });
  }

  const made = formatApiKey(makeApiKey('key'));
  const tenantNames = namesOf(tenants);
  await retire('deletedUser');
  return {
    names(name) {
      const [subject = '', member = ''] = name.split('.');
      if (name === 'made.apiKey') return made;
      if (name === 'audience') return `${platform.fleet.publicUrl}/api`;
      if (name === 'issuer') return platform.fleet.publicUrl;
      if (name === 'domain') return new URL(platform.fleet.publicUrl).hostname;
      if (name === 'setup.token') return made;
      if (name === 'new.password') return `${made.slice(13, 30)} of my own`;
      return people.get(subject)?.[member] ?? tenantNames(name);
    },
    async credentials(principal) {
      if (principal === 'anonymous') return {};
      const [prefix, rest] = principal.includes(':') ? principal.split(':') : ['', principal];
      const [name = '', member = 'token'] = (rest ?? '').split('.');
      const person = await find(name);
      if (person === undefined) throw new MissingError('principal', principal);
      if (prefix === 'signedOut') {
        await startSession(person);
        const headers = bearer(person['token']);
        await call('POST', '/api/v1/auth/logout', headers);
        await startSession(person);
        return headers;
      }
      if (person['token'] === undefined) await startSession(person);
      if (member === 'cookie') {
        if (person['cookie'] === undefined) await openBrowser(person);
        return { cookie: person['cookie']!, 'x-csrf-token': person['csrf']! };
      }
      if (member in keyBounds && person[member] === undefined) await makeKey(person, member);
      const text = person[member === 'steppedUp' ? 'token' : member];
      if (text === undefined) throw new MissingError('principal', principal);
      return bearer(text);
    },
    async remove(name) {
      await removeUser(people.get(name)!);
      gone.push(name);
    },
    async openSession(name) {
      await signIn(people.get(name)!);
    },
    async renew(text) {
      for (const name of gone.splice(0)) people.delete(name);
      const named = new Set(
        [...text.matchAll(/«([A-Za-z0-9]+)\.([A-Za-z]+)|"(?:as|refresh)":"([A-Za-z0-9]+)(?:\.([A-Za-z]+))?"/g)].map(
          ([, name, member, as, variant]) => `${name ?? as}.${member ?? variant ?? 'token'}`,
        ),
      );
      // The one who was removed keeps what was made before.
      const living = [...named]
        .map((each) => each.split('.') as [string, string])
        .filter(([name]) => name !== 'deletedUser');
      for (const name of new Set(living.map(([each]) => each))) {
        const person = await find(name);
        if (person === undefined) continue;
        if (person['email'] !== undefined) {
          await resetPassword(person);
          await startSession(person);
        }
        for (const [, member] of living.filter(([each]) => each === name)) await renewFor(person, member);
      }
    },
  };
}

/** What keys of these names may do. */
const keyBounds: Readonly<Record<string, object>> = {
  apiKey: {},
  narrowKey: { scopes: ['auth:team:read'] },
  addressBoundKey: { ipAllow: ['203.0.113.9'] },
};

/** Somebody of tenant A who comes later; one whose name ends in both letters is a member of tenant B too. */
async function register(platform: Platform, [a, b]: readonly Tenant[], name: string): Promise<Person> {
  const { registerMember, addMember } = await authOperations();
  const { context } = platform.fleet.services.find((each) => each.name === 'auth')!;
  const email = `${name.toLowerCase()}-${randomBytes(4).toString('hex')}@${a!.slug}.example.com`;
  const password = randomBytes(18).toString('base64url');
  const role = others[name] ?? 'viewer';
  const { userId } = await registerMember(context, { tenantId: a!.id, email, name, password, role });
  if (name.endsWith('AB')) await addMember(context, { tenantId: b!.id, userId, role, reason: 'registration' });
  return { id: userId, email, password, tenant: a!.slug };
}

function caller(baseUrl: string) {
  return async (
    method: string,
    target: string,
    headers: Readonly<Record<string, string>>,
    body?: object,
  ): Promise<Answer> => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await send(baseUrl, { method, target, headers: { ...type, ...headers }, ...json });
    if (answer.status >= 300) throw new Error(`${method} ${target} was answered ${answer.status}: ${answer.body}`);
    return answer;
  };
}
