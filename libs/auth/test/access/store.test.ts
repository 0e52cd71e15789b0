import { platformTenantId } from '@idp/contracts';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import type { World } from '../../src/decision/world.ts';
import { createAccessStore, type AccessStore, type AccessStoreOptions } from '../../src/snapshot/access-store.ts';
import { compileTenant } from '../../src/snapshot/compile-tenant.ts';
import {
  digestOf,
  sealShards,
  type AccessHead,
  type SealedShard,
  type SealedTenant,
} from '../../src/snapshot/seal-shards.ts';
import { emptyRows, publish, requestOf, rowsOf, storeOptions, worldOf } from './compile.ts';
import { term } from './expressions.ts';
import { company, ids, question, userIds, type Question } from './tenants.ts';

// Hundreds of tenants in each test: much for a machine that does other things as well.
vi.setConfig({ testTimeout: 120_000 });

const companies = company({ condition: () => term(userIds), suspended: true, policies: true }).map(rowsOf);
const questions = fc.array(question({ attributes: 'some', caller: 'some' }), { minLength: 25, maxLength: 25 });

type Rejected = Parameters<NonNullable<AccessStoreOptions['onRejected']>>[0];

/** A store that knows the platform. */
function opened(): { store: AccessStore; rejected: Rejected[]; advanced: number[] } {
  const rejected: Rejected[] = [];
  const advanced: number[] = [];
  const store = createAccessStore({
    ...storeOptions(),
    onRejected: (record) => rejected.push(record),
    onAdvanced: (tenantId, version) => tenantId === ids.tenant && advanced.push(version),
  });
  publish(store, emptyRows(platformTenantId));
  return { store, rejected, advanced };
}

function versionsOf(all: ReturnType<typeof rowsOf>[]): SealedTenant[] {
  const versions: SealedTenant[] = [];
  for (const [at, rows] of all.entries()) {
    const previous = versions.at(-1)?.head;
    const options = { tenantId: ids.tenant, version: at + 1, ...(previous !== undefined && { previous }) };
    versions.push(sealShards(compileTenant(rows), options));
  }
  return versions;
}

const decisions = (world: World, all: Question[]): boolean[] =>
  all.map((asked) => decide(world, requestOf(asked), asked.now).allowed);

type Delivery = { shard: SealedShard } | { head: AccessHead };

function deliver(store: AccessStore, record: Delivery): void {
  if ('head' in record) store.putHead(record.head);
  else store.putShard(ids.tenant, record.shard);
}

test('records in any order, some of them twice: never a mixture, never backwards, the newest in the end', () => {
  fc.assert(
    fc.property(
      fc.array(companies, { minLength: 2, maxLength: 4 }),
      questions,
      fc.infiniteStream(fc.nat()),
      (all, asked, random) => {
        const versions = versionsOf(all);
        const expected = all.map((rows) => decisions(worldOf(rows), asked));
        const once: Delivery[] = versions.flatMap(({ head, changed }) => [
          { head },
          ...changed.map((shard) => ({ shard })),
        ]);
        const records = [...once, ...once.filter(() => random.next().value! % 4 === 0)]
          .map((record) => ({ record, at: random.next().value! }))
          .toSorted((a, b) => a.at - b.at);
        const { store, rejected, advanced } = opened();
        for (const { record } of records) {
          deliver(store, record);
          const world = store.world(ids.tenant);
          expect(world && decisions(world, asked)).toEqual(world && expected[world.version - 1]);
        }
        expect(store.version(ids.tenant)).toBe(versions.length);
        expect(store.missing(ids.tenant)).toBeUndefined();
        expect(advanced).toEqual([...new Set(advanced)].toSorted((a, b) => a - b));
        expect(rejected.filter(({ reason }) => reason !== 'version')).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

const [first, second] = fc.sample(companies, { numRuns: 2, seed: 11 }) as [
  ReturnType<typeof rowsOf>,
  ReturnType<typeof rowsOf>,
];
const [one, two] = versionsOf([
  { ...first, tenant: { status: 'active' } },
  { ...second, tenant: { status: 'suspended' } },
]) as [SealedTenant, SealedTenant];

function loaded() {
  const made = opened();
  for (const shard of one.changed) made.store.putShard(ids.tenant, shard);
  made.store.putHead(one.head);
  return made;
}

test('a tenant without a head, or without the platform, is not known', () => {
  const { store } = opened();
  expect(store.world(ids.tenant)).toBeUndefined();
  for (const shard of one.changed) store.putShard(ids.tenant, shard);
  expect(store.world(ids.tenant)).toBeUndefined();
  store.putHead(one.head);
  expect(store.world(ids.tenant)?.version).toBe(1);
  expect(store.tenantIds().toSorted()).toEqual([platformTenantId, ids.tenant].toSorted());
  store.drop(ids.tenant);
  expect(store.world(ids.tenant)).toBeUndefined();

  const alone = createAccessStore(storeOptions());
  publish(alone, first);
  expect(alone.world(ids.tenant)).toBeUndefined();
  expect(alone.version(ids.tenant)).toBe(1);
});

test('a head waits for its shards and says which; the world before stays', () => {
  const { store } = loaded();
  const before = store.world(ids.tenant);
  store.putHead(two.head);
  expect(store.missing(ids.tenant)).toEqual({ version: 2, shards: two.changed.map(({ name }) => name) });
  expect(store.world(ids.tenant)).toBe(before);
  for (const shard of two.changed.slice(1)) store.putShard(ids.tenant, shard);
  expect(store.missing(ids.tenant)?.shards).toEqual([two.changed[0]!.name]);
  store.putShard(ids.tenant, two.changed[0]!);
  expect(store.missing(ids.tenant)).toBeUndefined();
  expect(store.world(ids.tenant)?.tenant).toEqual({ status: 'suspended' });
  // What is held on to is what it was.
  expect(before?.tenant).toEqual({ status: 'active' });
});

const forged = { name: 'tenant', version: 2, text: '{"ratePlan":"gold","status":"active"}' };

test('a shard that is not what the head says is ignored and told of, whichever comes first', () => {
  const late = loaded();
  late.store.putHead(two.head);
  late.store.putShard(ids.tenant, forged);
  expect(late.rejected).toEqual([{ tenantId: ids.tenant, reason: 'digest', shard: 'tenant' }]);

  const early = loaded();
  early.store.putShard(ids.tenant, forged);
  early.store.putHead(two.head);
  expect(early.rejected).toEqual([{ tenantId: ids.tenant, reason: 'digest', shard: 'tenant' }]);

  for (const { store } of [late, early]) {
    expect(store.version(ids.tenant)).toBe(1);
    for (const shard of two.changed) store.putShard(ids.tenant, shard);
    expect(store.world(ids.tenant)?.tenant).toEqual({ status: 'suspended' });
  }
});

test('a lower version is ignored and told of; the same one again is nothing', () => {
  const { store, rejected } = loaded();
  for (const shard of two.changed) store.putShard(ids.tenant, shard);
  store.putHead(two.head);
  rejected.length = 0;
  store.putHead(two.head);
  for (const shard of two.changed) store.putShard(ids.tenant, shard);
  expect(rejected).toEqual([]);
  store.putHead(one.head);
  const old = one.changed.find(({ name }) => name === 'tenant')!;
  store.putShard(ids.tenant, old);
  expect(rejected.map(({ reason }) => reason)).toEqual(['version', 'version']);
  expect(store.version(ids.tenant)).toBe(2);
});

test.each([
  ['of another tenant', { ...two.head, tenantId: platformTenantId, version: -1 }],
  ['without the tenant itself', { ...two.head, shards: {} }],
  ['with a version that is no number', { ...two.head, version: Number.NaN }],
  [
    'with a shard nobody has',
    { ...two.head, shards: { ...two.head.shards, secrets: { version: 2, sha256: 'a'.repeat(64) } } },
  ],
  ['with a shard newer than itself', { ...two.head, shards: { tenant: { version: 3, sha256: 'a'.repeat(64) } } }],
])('a head %s is ignored and told of', (_name, head) => {
  const { store, rejected } = loaded();
  store.putHead(head);
  expect(rejected.map(({ reason }) => reason)).toEqual(['malformed']);
  expect(store.version(ids.tenant)).toBe(1);
  expect(store.missing(ids.tenant)).toBeUndefined();
});

test('a genuine head over a shard that is no JSON of its kind never becomes the world', () => {
  for (const text of ['', '[]', '"active"', 'null', '{']) {
    const { store, rejected } = loaded();
    const head: AccessHead = {
      ...one.head,
      version: 3,
      shards: { ...one.head.shards, tenant: { version: 3, sha256: digestOf(text) } },
    };
    store.putShard(ids.tenant, { name: 'tenant', version: 3, text });
    store.putHead(head);
    expect(rejected.map(({ reason }) => reason)).toEqual(['malformed']);
    expect(store.version(ids.tenant)).toBe(1);
  }
});
