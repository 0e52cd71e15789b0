import type { Principal } from '@idp/auth';
import { AuthError, TimeoutError, UnavailableError } from '@idp/errors';
import { createTelemetry } from '@idp/telemetry';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CallSection } from '../../edge/home/home-handler.ts';
import type { SectionAnswer } from '../../edge/home/section-state.ts';
import { startGateway, type StartedGateway } from '../start-gateway.ts';

const names = [
  'me',
  'services',
  'environments',
  'deployments',
  'runs',
  'alerts',
  'inbox',
  'scorecards',
  'costs',
  'health',
];
const sections = names.map((name) => ({ name, service: name, target: `/api/v1/${name}` }));
const { metrics } = createTelemetry({ service: 'test', version: '1', level: 'silent' });

let gateway: StartedGateway;
let now: number;
let answers: Map<string, () => Promise<SectionAnswer>>;
let asked: { name: string; headers: Record<string, string>; clientIp: string }[];
let version: number;

/** Says whose it is, unless the test says something else. */
const call: CallSection = ({ name }, { headers, clientIp }) => {
  asked.push({ name, headers, clientIp });
  const own = answers.get(name);
  return own?.() ?? Promise.resolve({ status: 200, body: { data: { name, of: headers['authorization'] } } });
};

/** Tokens `<tenant>.<user>`. */
function verify(token: string): Promise<Principal> {
  const [tenantId, id] = token.split('.');
  if (id === undefined) return Promise.reject(new AuthError('not valid', { code: 'INVALID_TOKEN' }));
  const bounds = { acr: 'idp:aal1', accessVersion: 0 };
  return Promise.resolve({ type: 'user', id, tenantId, tokenId: token, sessionId: `s-${id}`, ...bounds } as Principal);
}

beforeAll(async () => {
  gateway = await startGateway({
    verifier: { verify },
    edgeOptions: { home: { sections, call, versionOf: () => version, metrics, now: () => now } },
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => {
  // Nothing of an earlier test is fresh, or good enough to be stale.
  now = (now ?? 0) + 3_600_000;
  [answers, asked, version] = [new Map(), [], 1];
});

interface State {
  status: string;
  data?: { of?: string };
  error?: { code: string };
  stale?: true;
}

async function home(token: string, query = '', headers: Record<string, string> = {}) {
  const response = await gateway.fetch(`/api/v1/home${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  const text = await response.text();
  const body = (text === '' ? {} : JSON.parse(text)) as { data: Record<string, State>; error?: { code: string } };
  return { status: response.status, headers: response.headers, ...body };
}

const statusesOf = (data: Record<string, State>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([name, { status }]) => [name, status]));
const hanging = (): Promise<never> => new Promise(() => undefined);

test('every section is asked with the credential of the caller', async () => {
  const { status, data } = await home('t-1.a', '', { 'x-authz-version': '7', 'x-idp-user': 'root' });
  expect([status, Object.keys(data)]).toEqual([200, names]);
  for (const { headers, clientIp } of asked) {
    expect(headers).toMatchObject({ authorization: 'Bearer t-1.a', 'x-authz-version': '7' });
    expect(headers).not.toHaveProperty('x-idp-user');
    expect([clientIp, headers['x-request-id']]).toEqual(['127.0.0.1', expect.any(String)]);
  }
});

test('only what was asked for is fetched; what nobody knows is 400', async () => {
  const { data } = await home('t-1.b', '?sections=services,me');
  expect([Object.keys(data), asked.map(({ name }) => name)]).toEqual([
    ['me', 'services'],
    ['me', 'services'],
  ]);
  for (const query of ['?sections=me,nothing', '?sections=', '?other=1', '?sections=me&page=2']) {
    expect(await home('t-1.b', query), query).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
  }
  expect((await gateway.fetch('/api/v1/home')).status).toBe(401);
  expect((await gateway.fetch('/api/v1/health?a=b')).status).toBe(400);
});

describe('a section that is', () => {
  test.each<[string, () => Promise<SectionAnswer>, string, string | undefined]>([
    ['hanging', hanging, 'timeout', 'UPSTREAM_TIMEOUT'],
    ['out of time', () => Promise.reject(new TimeoutError('late')), 'timeout', 'UPSTREAM_TIMEOUT'],
    ['away', () => Promise.reject(new UnavailableError('away')), 'unavailable', 'UNAVAILABLE'],
    ['broken', () => Promise.reject(new Error('secret')), 'unavailable', 'UNAVAILABLE'],
    ['full of garbage', () => Promise.resolve({ status: 200, body: '<html>' }), 'unavailable', 'UNAVAILABLE'],
    ['without data', () => Promise.resolve({ status: 200, body: {} }), 'unavailable', 'UNAVAILABLE'],
    ['empty', () => Promise.resolve({ status: 200, body: undefined }), 'unavailable', 'UNAVAILABLE'],
    [
      'forbidden',
      () => Promise.resolve({ status: 403, body: { error: { code: 'PERMISSION_DENIED', message: 'no' } } }),
      'forbidden',
      'PERMISSION_DENIED',
    ],
    [
      'failing',
      () => Promise.resolve({ status: 500, body: { error: { code: 'INTERNAL_ERROR', message: 'x', details: 'y' } } }),
      'unavailable',
      'INTERNAL_ERROR',
    ],
  ])('%s leaves the others as they are', async (kind, own, status, code) => {
    answers.set('runs', own);
    const answer = await home(`t-1.${kind.replaceAll(' ', '-')}`);
    const expected = Object.fromEntries(names.map((name) => [name, name === 'runs' ? status : 'ok']));
    expect([answer.status, statusesOf(answer.data)]).toEqual([200, expected]);
    expect(answer.data['runs']).toEqual({ status, error: { code, message: expect.not.stringContaining('secret') } });
  });
});

test.each([0, 4, 10])('with %i sections hanging it is 200 and says which', async (count) => {
  for (const name of names.slice(0, count)) answers.set(name, hanging);
  const { status, data } = await home(`t-1.hang-${count}`);
  const expected = names.map((name, index) => [name, index < count ? 'timeout' : 'ok']);
  expect([status, statusesOf(data)]).toEqual([200, Object.fromEntries(expected)]);
});

test('a section out of time shows what it had, and says so', async () => {
  const first = await home('t-1.stale', '?sections=me');
  now += 6_000;
  answers.set('me', () => Promise.reject(new TimeoutError('late')));
  const { data } = await home('t-1.stale', '?sections=me');
  expect(data['me']).toMatchObject({ status: 'timeout', stale: true, data: first.data['me']!.data });
});

test('what was shown is shown again for 5 s, and not after rights have changed', async () => {
  const count = async () => {
    await home('t-1.c', '?sections=me');
    return asked.length;
  };
  expect([await count(), await count()]).toEqual([1, 1]);
  version += 1;
  expect(await count()).toBe(2);
  now += 5_001;
  expect(await count()).toBe(3);
});

test('an unchanged page is 304', async () => {
  const { headers } = await home('t-1.d');
  const etag = headers.get('etag')!;
  expect([etag, headers.get('cache-control')]).toEqual([
    expect.stringMatching(/^W\/"[\w-]{22}"$/),
    'private, no-cache',
  ]);
  expect((await home('t-1.d', '', { 'if-none-match': etag })).status).toBe(304);
  now += 6_000;
  answers.set('me', () => Promise.resolve({ status: 200, body: { data: 'new' } }));
  expect((await home('t-1.d', '', { 'if-none-match': etag })).status).toBe(200);
});

test('1,000 mixed requests of four tenants: nobody sees what is of another', { timeout: 120_000 }, async () => {
  const callers = Array.from({ length: 1_000 }, (_, index) => `t-${index % 4}.${(index * 7) % 5}`);
  const slips: string[] = [];
  for (let from = 0; from < callers.length; from += 50) {
    await Promise.all(
      callers.slice(from, from + 50).map(async (token) => {
        const { data } = await home(token, '?sections=me,services');
        for (const state of Object.values(data)) if (state.data?.of !== `Bearer ${token}`) slips.push(token);
      }),
    );
  }
  expect(slips).toEqual([]);
  // Twenty callers, each section once.
  expect(asked).toHaveLength(40);
});
