import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { freshName } from '../../src/hostile/openapi/sample.ts';
import type { Arrangement } from '../../src/hostile/target.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';
import { insertPerson, once } from './tenancy-arrangements.ts';

const keys = '/api/v1/api-keys';
const accounts = '/api/v1/auth/service-accounts';
const day = 86_400_000;

/** Sessions, passwords, keys and service accounts: what a request ends is made for it. */
export function credentialArrangements(platform: Platform, tenant: Tenant): Record<string, Arrangement> {
  return {
    ...sessionArrangements(platform, tenant),
    ...keyArrangements(platform, tenant),
    ...signingKeyArrangements(platform, tenant),
  };
}

/** Keys of the platform: what is revoked is one that signs nothing any more. */
function signingKeyArrangements(platform: Platform, tenant: Tenant): Record<string, Arrangement> {
  const byPlatform = { as: 'operator', intruder: `owner${tenant.letter}`, platform: true } as const;
  return {
    listSigningKeys: { ...byPlatform, request: () => ({}) },
    rotateSigningKey: {
      ...byPlatform,
      async request() {
        await platform.sql("delete from auth.signing_keys where state = 'next'", []);
        return {};
      },
    },
    revokeSigningKey: {
      ...byPlatform,
      async request() {
        const kid = randomBytes(32).toString('base64url');
        await platform.sql(
          `insert into auth.signing_keys (kid, alg, state, public_jwk, private_sealed) values ($1, 'EdDSA', 'retired', '{}', 'none')`,
          [kid],
        );
        return { path: { kid }, body: { reason: freshName() } };
      },
      storesNothing: true,
    },
  };
}

function sessionArrangements(platform: Platform, tenant: Tenant): Record<string, Arrangement> {
  const owner = tenant.people[`owner${tenant.letter}`]!;
  const viewer = tenant.people[`viewer${tenant.letter}`]!;
  const member = tenant.people[`member${tenant.letter}`]!;
  const session = async (userId: string): Promise<string> => {
    const id = randomUUID();
    await platform.sql(
      `insert into auth.sessions (id, user_id, tenant_id, mac_key_sealed, amr, acr, auth_time, idle_expires_at, absolute_expires_at)
       values ($1, $2, $3, 'none', '{pwd}', 'idp:aal1', now(), now() + interval '1 day', now() + interval '1 day')`,
      [id, userId, tenant.id],
    );
    return id;
  };
  /** Ends what earlier requests left, but for the session of the person's own token; then there is one to end. */
  const onlyOne = async (person: typeof owner): Promise<void> => {
    const token = person.headers['authorization'] ?? '';
    const { sid } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sid: string };
    await platform.sql('delete from auth.sessions where user_id = $1 and id <> $2', [person.id, sid]);
    await session(person.id);
  };
  let phc: Promise<string> | undefined;
  return {
    endOwnSession: { request: async () => ({ path: { id: await session(owner.id) } }) },
    endOwnSessions: {
      async request() {
        await onlyOne(owner);
        return { query: { keep: 'current' } };
      },
    },
    listSessionsOfUser: { request: () => ({ path: { id: member.id } }) },
    endSessionsOfUser: {
      async request() {
        const id = await insertPerson(platform, tenant);
        await session(id);
        return { path: { id } };
      },
    },
    reauthenticate: {
      request: () => ({ body: { password: owner.password } }),
      storesNothing: true,
      misses: { password: 401 },
    },
    changePassword: {
      as: `viewer${tenant.letter}`,
      async request() {
        phc ??= platform
          .sql('select phc from auth.user_passwords where user_id = $1', [viewer.id])
          .then((result) => (result as { rows: { phc: string }[] }).rows[0]!.phc);
        await platform.sql('update auth.user_passwords set phc = $2 where user_id = $1', [viewer.id, await phc]);
        return {
          body: { current: viewer.password, next: `${freshName()} ${freshName()} of my own`, keepOtherSessions: true },
        };
      },
      storesNothing: true,
      misses: { current: 401, next: 422 },
    },
  };
}

function publicKey(): object {
  const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'Ed25519', x, kid: freshName() };
}

function keyArrangements(platform: Platform, tenant: Tenant): Record<string, Arrangement> {
  const owner = tenant.people[`owner${tenant.letter}`]!;
  const call = async (target: string, body: object): Promise<{ id: string; key: string }> => {
    const baseUrl = platform.targets.find(({ name }) => name === 'auth')?.baseUrl ?? '';
    const headers = { ...owner.headers, 'content-type': 'application/json' };
    const answer = await send(baseUrl, { method: 'POST', target, headers, body: JSON.stringify(body) });
    if (answer.status >= 300) throw new Error(`POST ${target} was answered ${answer.status}: ${answer.body}`);
    return (jsonOf(answer) as { data: { id: string; key: string } }).data;
  };
  const shown = () => `${freshName()} ${tenant.canary}`;
  const newKey = () => ({ name: shown(), scopes: [], expiresAt: new Date(Date.now() + day).toISOString() });
  const key = () => call(keys, newKey());
  const newAccount = () => ({ name: shown(), scope: { type: 'tenant', id: tenant.id } });
  const account = async () => (await call(accounts, newAccount())).id;
  const [keptKey, keptAccount] = [once(async () => (await key()).id), once(account)];
  const onKey = (body?: () => object): Arrangement => ({
    request: async () => ({ path: { id: await keptKey() }, ...(body && { body: body() }) }),
  });
  /** Names are unique: what other requests have given must be free again. */
  const freeNames = () =>
    platform.sql('update auth.service_accounts set name = id::text, name_norm = id::text where tenant_id = $1', [
      tenant.id,
    ]);
  const bounds = { canonical: ['expiresAt'], repeatable: ['name'], misses: { scopes: 422 } };
  return {
    createApiKey: { request: () => ({ body: newKey() }), ...bounds },
    getApiKey: onKey(),
    getApiKeyUsage: onKey(),
    updateApiKey: onKey(() => ({ name: shown() })),
    rotateApiKey: onKey(() => ({ overlapSeconds: 60 })),
    revokeApiKey: { request: async () => ({ path: { id: (await key()).id } }) },
    reportLeakedApiKey: { request: async () => ({ body: { token: (await key()).key } }), storesNothing: true },
    createServiceAccount: {
      request: () => ({ body: newAccount() }),
      misses: { id: 422, type: 422 },
      clear: freeNames,
    },
    getServiceAccount: { request: async () => ({ path: { id: await keptAccount() } }) },
    updateServiceAccount: {
      request: async () => ({ path: { id: await account() }, body: { name: shown() } }),
      clear: freeNames,
    },
    replaceServiceAccountKeys: {
      request: async () => ({ path: { id: await keptAccount() }, body: { keys: [publicKey()] } }),
    },
    deleteServiceAccount: { request: async () => ({ path: { id: await account() } }) },
    createServiceAccountKey: {
      request: async () => ({ path: { id: await keptAccount() }, body: newKey() }),
      ...bounds,
    },
  };
}
