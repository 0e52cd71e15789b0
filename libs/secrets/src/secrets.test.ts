import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, expect, test, vi } from 'vitest';
import { createSecrets, type Secrets } from './secrets.ts';
import type { KeyProvider, KeyRow, KeyRowStore } from './ports.ts';

const tenantA = '0192d6a0-0000-7000-8000-00000000000a';
const tenantB = '0192d6a0-0000-7000-8000-00000000000b';
const target = { table: 'sessions', column: 'mac_key', rowId: 'row-1' };
const minute = 60_000;

/** The rows of one service, with the rules of the table: one active row a tenant. */
function memoryKeyRows(clock: () => Date) {
  const rows: KeyRow[] = [];
  const ofTenant = (tenantId: string) => rows.filter((row) => row.tenantId === tenantId);
  const activeKey = async (tenantId: string) => ofTenant(tenantId).find((row) => row.state === 'active');
  const store: KeyRowStore = {
    activeKey,
    async insertKey(row, { replaces } = {}) {
      const old = rows.find((one) => one.id === replaces);
      if (old?.state === 'active') old.state = 'retired';
      const active = await activeKey(row.tenantId);
      if (active !== undefined) return active;
      const inserted: KeyRow = { ...row, state: 'active', seals: 0, createdAt: clock() };
      rows.push(inserted);
      return inserted;
    },
    getKey: async (tenantId, id) => ofTenant(tenantId).find((row) => row.id === id),
    oldestKey: async (tenantId) => ofTenant(tenantId).find((row) => row.state !== 'destroyed'),
    async countSeals(tenantId, id, seals) {
      const row = ofTenant(tenantId).find((one) => one.id === id)!;
      return (row.seals += seals);
    },
    async destroyKeys(tenantId) {
      for (const row of ofTenant(tenantId)) Object.assign(row, { state: 'destroyed', wrapped: Buffer.alloc(0) });
    },
  };
  return { rows, store };
}

/** A provider that can go away or hang, and counts what is asked of it. */
function switchableProvider() {
  const state = { away: false, hangs: false, unwraps: 0, wraps: 0 };
  const answer = async (bytes: Buffer): Promise<Buffer> => {
    if (state.hangs) return new Promise(() => undefined);
    if (state.away) throw new Error('connection refused');
    return Buffer.from(bytes.map((byte) => byte ^ 0x5a));
  };
  const provider: KeyProvider = {
    async wrap(dek) {
      state.wraps += 1;
      return { kekId: 'kek-1', wrapped: await answer(dek) };
    },
    unwrap(_kekId, wrapped) {
      state.unwraps += 1;
      return answer(wrapped);
    },
    describe: () => 'switchable',
    health: async () => !state.away,
  };
  return { state, provider };
}

let now: Date;
let table: ReturnType<typeof memoryKeyRows>;
let kms: ReturnType<typeof switchableProvider>;
let secrets: Secrets;

function create(service = 'auth') {
  return createSecrets({ service, provider: kms.provider, keys: table.store, clock: () => now });
}

beforeEach(() => {
  now = new Date('2026-01-01T00:00:00Z');
  table = memoryKeyRows(() => now);
  kms = switchableProvider();
  secrets = create();
});

test('any bytes come back as they were, and equal plaintexts look different', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (plaintext) => {
      const tenant = secrets.tenant(tenantA);
      const [first, second] = await Promise.all([tenant.seal(target, plaintext), tenant.seal(target, plaintext)]);
      expect(first).not.toBe(second);
      expect(first).toMatch(/^v1(\.[\w-]*){5}$/);
      expect(Buffer.compare(await tenant.open(target, first), plaintext)).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test.each([
  ['row', { ...target, rowId: 'row-2' }],
  ['column', { ...target, column: 'csrf' }],
  ['table', { ...target, table: 'users' }],
])('a ciphertext moved to another %s does not open', async (_name, elsewhere) => {
  const sealed = await secrets.tenant(tenantA).seal(target, 'secret');
  await expect(secrets.tenant(tenantA).open(elsewhere, sealed)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
});

test('a ciphertext of another tenant does not open, even with its key row copied', async () => {
  const sealed = await secrets.tenant(tenantA).seal(target, 'secret');
  await expect(secrets.tenant(tenantB).open(target, sealed)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  table.rows.push({ ...table.rows[0]!, tenantId: tenantB });
  await expect(secrets.tenant(tenantB).open(target, sealed)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
});

test('a ciphertext of another service does not open with the same key row', async () => {
  const sealed = await secrets.tenant(tenantA).seal(target, 'secret');
  await expect(create('catalog').tenant(tenantA).open(target, sealed)).rejects.toMatchObject({
    code: 'SECRET_UNREADABLE',
  });
});

test('every changed character makes a ciphertext unreadable', async () => {
  const tenant = secrets.tenant(tenantA);
  const sealed = await tenant.seal(target, 'a secret of some length');
  const body = sealed.indexOf('.', 3) + 1;
  for (let index = body; index < sealed.length; index += 1) {
    if (sealed[index] === '.') continue;
    const altered = `${sealed.slice(0, index)}${sealed[index] === 'A' ? 'Q' : 'A'}${sealed.slice(index + 1)}`;
    await expect(tenant.open(target, altered)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  }
});

test('a target whose parts could run into each other is a bug', async () => {
  await expect(secrets.tenant(tenantA).seal({ ...target, rowId: 'a|b' }, 'x')).rejects.toThrow(TypeError);
});

test('a hundred seals at once make one key and ask the provider once', async () => {
  await Promise.all(Array.from({ length: 100 }, () => secrets.tenant(tenantA).seal(target, 'x')));
  expect(table.rows).toHaveLength(1);
  expect(kms.state).toMatchObject({ wraps: 1, unwraps: 1 });
});

test('while the provider is away the keys of the last 5 minutes serve, then 503', async () => {
  const tenant = secrets.tenant(tenantA);
  const sealed = await tenant.seal(target, 'x');
  await tenant.open(target, sealed);
  kms.state.away = true;
  now = new Date(now.getTime() + 4 * minute);
  await expect(tenant.open(target, sealed)).resolves.toEqual(Buffer.from('x'));
  await expect(tenant.seal(target, 'y')).resolves.toBeTypeOf('string');
  now = new Date(now.getTime() + 2 * minute);
  await expect(tenant.open(target, sealed)).rejects.toMatchObject({ code: 'SECRETS_UNAVAILABLE', status: 503 });
  await expect(tenant.seal(target, 'y')).rejects.toMatchObject({ code: 'SECRETS_UNAVAILABLE' });
  kms.state.away = false;
  await expect(tenant.open(target, sealed)).resolves.toEqual(Buffer.from('x'));
});

test('a provider that never answers is given up after 2 s', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    kms.state.hangs = true;
    const outcome = secrets
      .tenant(tenantA)
      .seal(target, 'x')
      .catch((error: { code: string }) => error.code);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await outcome).toBe('SECRETS_UNAVAILABLE');
  } finally {
    vi.useRealTimers();
  }
});

test('after 90 days a new key seals and the old one still opens', async () => {
  const tenant = secrets.tenant(tenantA);
  const old = await tenant.seal(target, 'old');
  now = new Date(now.getTime() + 91 * 86_400_000);
  const young = await tenant.seal(target, 'young');
  expect(table.rows.map((row) => row.state)).toEqual(['retired', 'active']);
  expect(young.split('.')[2]).not.toBe(old.split('.')[2]);
  expect((await tenant.open(target, old)).toString()).toBe('old');
});

test('a key near 2³² encryptions is replaced before it is used further', async () => {
  const tenant = secrets.tenant(tenantA);
  await tenant.seal(target, 'x');
  expect(table.rows[0]!.seals).toBe(2 ** 16);
  table.rows[0]!.seals = 2 ** 32 - 1;
  await create().tenant(tenantA).seal(target, 'y');
  expect(table.rows.map((row) => row.state)).toEqual(['retired', 'active']);
});

test('fingerprints are equal for equal values of one tenant, different elsewhere, and survive a new key', async () => {
  const first = await secrets.tenant(tenantA).fingerprint('value');
  expect(first).toMatch(/^[\w-]{43}$/);
  expect(await secrets.tenant(tenantA).fingerprint('value2')).not.toBe(first);
  expect(await secrets.tenant(tenantB).fingerprint('value')).not.toBe(first);
  now = new Date(now.getTime() + 91 * 86_400_000);
  await secrets.tenant(tenantA).seal(target, 'x');
  expect(await create().tenant(tenantA).fingerprint('value')).toBe(first);
});

test('after destroy nothing of the tenant opens, from memory neither, and other tenants are untouched', async () => {
  const mine = await secrets.tenant(tenantA).seal(target, 'x');
  const other = await secrets.tenant(tenantB).seal(target, randomBytes(8));
  await secrets.tenant(tenantA).open(target, mine);
  await secrets.tenant(tenantA).destroy();
  await expect(secrets.tenant(tenantA).open(target, mine)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  await expect(secrets.tenant(tenantB).open(target, other)).resolves.toHaveLength(8);
});
