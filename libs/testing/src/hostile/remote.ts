import { createFixturePool } from './remote-pool.ts';
import { MissingError } from './missing.ts';
import type { OpenApiDocument } from './openapi/document.ts';
import { freshName } from './openapi/sample.ts';
import type { Arrangement, Fixture, Target } from './target.ts';
import { jsonOf, send } from './wire/client.ts';

/** An account of the platform under test; it plays every person of tenant A. */
export interface RemoteAccount {
  email: string;
  password: string;
}

interface Session {
  accessToken: string;
  refreshToken: string;
  user: { id: string; email: string };
  tenant: { id: string; slug: string };
}

/**
 * The platform behind one address as a single target, described by its own document. Throws when the address does not answer, serves no
 * description or refuses the account.
 */
export async function remoteTarget(baseUrl: string): Promise<Target> {
  const answer = await send(baseUrl, { method: 'GET', target: '/api/openapi.json' });
  const document = jsonOf(answer) as OpenApiDocument | undefined;
  if (answer.status !== 200 || document?.paths === undefined)
    throw new Error(`${baseUrl}/api/openapi.json was answered ${answer.status}`);
  return {
    name: new URL(baseUrl).host,
    baseUrl,
    document,
    gateway: true,
    ready: () => isReady(baseUrl),
  };
}

async function isReady(baseUrl: string): Promise<boolean> {
  const answer = await send(baseUrl, { method: 'GET', target: '/api/v1/health' });
  return answer.status === 200 && (jsonOf(answer) as { data?: { status?: string } } | undefined)?.data?.status === 'ok';
}

/** A fixture with one account and whatever it can read. Other principals are missing: their items are skipped. */
export async function remoteFixture(target: Target, account: RemoteAccount): Promise<Fixture> {
  const { tenant, user } = await signIn(target, account);
  // Access tokens live for minutes, a run may take longer: a new one every few minutes.
  const session = renewing(() => signIn(target, account));
  let newest = await session();
  const names: Readonly<Record<string, () => string>> = {
    'A.tenant': () => tenant.id,
    'A.slug': () => tenant.slug,
    'A.user': () => user.id,
    'A.canary': () => `cnry-${tenant.id.slice(-8)}`,
    ...Object.fromEntries(
      ['memberA', 'ownerA'].flatMap((person) => [
        [`${person}.token`, () => newest.accessToken],
        [`${person}.id`, () => user.id],
        [`${person}.email`, () => user.email],
      ]),
    ),
  };
  const credentials = async (principal: string) => {
    if (!/^(fresh:)?(memberA|ownerA)$/.test(principal)) throw new MissingError('principal', principal);
    newest = principal.startsWith('fresh:') ? await signIn(target, account) : await session();
    return { authorization: `Bearer ${newest.accessToken}` };
  };
  const pool = await createFixturePool(target, await credentials('ownerA'));
  return {
    names: (name) => names[name]?.(),
    credentials,
    arrangements: arrangementsOf(target, account),
    pathValues: (wanted, operation) => pool.find(wanted, operation.path),
    secure: target.baseUrl.startsWith('https:'),
  };
}

function arrangementsOf(target: Target, account: RemoteAccount): Record<string, Arrangement> {
  const kept = ownService(target, account);
  return {
    logIn: { request: () => ({ body: { ...account } }), storesNothing: true, misses: { tenant: 401 } },
    refreshSession: { request: async () => ({ body: { refreshToken: (await signIn(target, account)).refreshToken } }) },
    logOut: { as: 'fresh:ownerA' },
    // A second run on one platform finds the names of the first taken.
    registerService: { request: () => ({ body: { name: freshName(), ownerRef } }), canonical, misses: { name: 409 } },
    getEntityFacets: { request: () => ({ query: { facet: 'kind' } }) },
    refreshEntity: { misses: { entityRef: 404 }, storesNothing: true },
    replaceService: { request: async () => ({ path: { id: await kept() }, body: { ownerRef } }), canonical },
    updateService: {
      request: async () => ({ path: { id: await kept() }, body: { description: 'a text' } }),
      canonical,
    },
    // What exists on a platform in use is not ended by a test of its doors.
    ...Object.fromEntries(
      ['deleteEntityByUid', 'deleteLocation', 'updateLocation'].map((id) => [id, { request: () => unknownThing }]),
    ),
  };
}

/** One service of the tests' own, registered at the first call, for what changes services. */
function ownService(target: Target, account: RemoteAccount): () => Promise<string> {
  let made: Promise<string> | undefined;
  const register = async () => {
    const { accessToken } = await signIn(target, account);
    const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ name: freshName(), ownerRef });
    const answer = await send(target.baseUrl, { method: 'POST', target: '/api/v1/services', headers, body });
    const { data } = jsonOf(answer) as { data?: { id: string } };
    if (data === undefined) throw new Error(`registering a service was answered ${answer.status}`);
    return data.id;
  };
  return () => (made ??= register());
}

const ownerRef = 'group:default/guests';
const canonical = ['ownerRef', 'system'];
const unknownThing = {
  path: { id: '0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b', uid: '0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b' },
};

async function signIn(target: Target, account: RemoteAccount): Promise<Session> {
  const headers = { 'content-type': 'application/json' };
  const answer = await send(target.baseUrl, {
    method: 'POST',
    target: '/api/v1/auth/login',
    headers,
    body: JSON.stringify(account),
  });
  const body = jsonOf(answer) as { data?: Session } | undefined;
  if (answer.status !== 200 || body?.data === undefined) throw new Error(`sign-in was answered ${answer.status}`);
  return body.data;
}

const renewMs = 300_000;

function renewing<T>(create: () => Promise<T>): () => Promise<T> {
  let current: { value: Promise<T>; until: number } | undefined;
  return () => {
    if (current === undefined || current.until < performance.now())
      current = { value: create(), until: performance.now() + renewMs };
    return current.value;
  };
}
